import { errors, shorten } from '../errors.ts';
import { parseDevice, type Device } from '../runners/devices.ts';
import type { ProviderReport } from '../runners/runner.ts';
import { configFault } from './config-fault.ts';
import type { InstanceGroup, ModelConfig } from './model-config.ts';
import type { ModelSettings } from './model-settings.ts';

/** What a model is served by where its configuration is silent. */
export interface ServiceDefaults {
  readonly maxBatchRows: number;
  readonly runners: number;
  /** In the order of preference. */
  readonly providers: readonly ProviderReport[];
}

/** Settings that are known before the model is opened. */
export type OpeningSettings = Pick<ModelSettings, 'devices' | 'intraOpThreads' | 'untrusted'>;

const MAX_RUNNERS = 64;
/** Of all copies of a version together: each keeps its own, whether it runs or not. */
const MAX_THREADS = 256;

/**
 * How runners of a model are opened.
 * @throws ServiceError MODEL_CONFIG_INVALID or PROVIDER_UNAVAILABLE, naming the field.
 */
export function openingSettings(config: ModelConfig, service: ServiceDefaults): OpeningSettings {
  refuseForeign(config);
  refuseParameters(config);
  checkCopies(config.instanceGroups);
  const devices = devicesOf(config.instanceGroups, service);
  const threads = intraOpThreads(config);
  checkThreads(devices.length, threads);
  return {
    devices,
    intraOpThreads: threads,
    untrusted: untrusted(config),
  };
}

function refuseForeign({ platform, backend, decoupled }: ModelConfig): void {
  if (platform !== '' && platform !== 'onnxruntime_onnx') {
    throw configFault('platform', `is "${platform}"; this server runs onnxruntime_onnx`);
  }
  if (backend !== '' && backend !== 'onnxruntime') {
    throw configFault('backend', `is "${backend}"; this server runs onnxruntime`);
  }
  if (decoupled) {
    throw configFault('model_transaction_policy.decoupled', 'is true; every request has one answer here');
  }
}

/** Before anything is made of them: a count may be any number. */
function checkCopies(groups: readonly InstanceGroup[]): void {
  let copies = 0;
  for (const { count, gpus } of groups) copies += Math.max(count, 1) * Math.max(gpus.length, 1);
  if (copies > MAX_RUNNERS) {
    throw configFault('instance_group', `asks for ${copies} copies; at most ${MAX_RUNNERS} are made`);
  }
}

function checkThreads(copies: number, threads: number): void {
  if (copies * threads <= MAX_THREADS) return;
  throw configFault(
    'parameters["intra_op_thread_count"]',
    `is ${threads}, which makes ${copies * threads} threads of ${copies} copies; at most ${MAX_THREADS} are made: ` +
      'lower it, or the copies (instance_group, else RUNNERS)',
  );
}

function devicesOf(groups: readonly InstanceGroup[], { runners, providers }: ServiceDefaults): Device[] {
  const preferred = providers.find(({ available }) => available)?.device ?? 'cpu';
  if (groups.length === 0) return Array.from({ length: runners }, () => preferred);
  return groups.flatMap(({ kind, count, gpus }, index) => {
    const field = `instance_group[${index}]`;
    if (count < 0) throw configFault(`${field}.count`, `is ${count}`);
    if (kind === 'CPU' && gpus.length > 0) throw configFault(`${field}.gpus`, 'is given with KIND_CPU');
    const named = gpus.map((gpu) => deviceOf(gpu, `${field}.gpus`));
    const own = kind === 'CPU' ? ['cpu'] : kind === 'GPU' && named.length === 0 ? ['cuda:0'] : named;
    const devices = own.length === 0 ? [preferred] : own;
    for (const device of devices) checkAvailable(device, providers, `${field}.kind`);
    return devices.flatMap((device) => Array.from({ length: Math.max(count, 1) }, () => device));
  });
}

function deviceOf(gpu: number, field: string): Device {
  const device = parseDevice(`cuda:${gpu}`);
  if (device === undefined) throw configFault(field, `holds ${gpu}, which is no number of a GPU`);
  return device;
}

/** The CPU is always there; any other device must be among those that the server was told to use and could. */
function checkAvailable(device: Device, providers: readonly ProviderReport[], field: string): void {
  const report = providers.find((provider) => provider.device === device);
  if (device === 'cpu' || report?.available === true) return;
  const why = report === undefined ? 'EXECUTION_PROVIDERS does not name it' : report.detail;
  const description = `${field} asks for ${device}, which this server does not have: ${why}`;
  throw errors.PROVIDER_UNAVAILABLE(description, { fieldViolations: [{ field, description }] });
}

const OWN_PARAMETERS = ['plumbline.invariance', 'plumbline.untrusted'];

/** Parameters of Triton's ONNX Runtime backend, with the values that change nothing here. */
const IDLE_VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ['execution_mode', ['0']],
  ['inter_op_thread_count', ['0', '1']],
  ['enable_mem_arena', ['1']],
  ['enable_mem_pattern', ['1']],
  ['memory.enable_memory_arena_shrinkage', ['']],
]);

/** Parameters that are nobody's are the model's own: they are shown with its configuration. */
function refuseParameters({ parameters }: ModelConfig): void {
  for (const [name, value] of parameters) {
    const field = `parameters["${shorten(name)}"]`;
    if (name.startsWith('plumbline.') && !OWN_PARAMETERS.includes(name)) {
      throw configFault(field, `is unknown; those of this server are ${OWN_PARAMETERS.join(', ')}`);
    }
    const idle = IDLE_VALUES.get(name);
    if (idle === undefined || idle.includes(value)) continue;
    throw configFault(
      field,
      `is "${shorten(value)}"; this server offers no other than ${idle.map((one) => `"${one}"`).join(' and ')}`,
    );
  }
}

function intraOpThreads({ parameters }: ModelConfig): number {
  const text = parameters.get('intra_op_thread_count') ?? '1';
  const threads = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (threads >= 1 && threads <= 256) return threads;
  throw configFault('parameters["intra_op_thread_count"]', `is "${text}", not a number from 1 to 256`);
}

function untrusted({ parameters }: ModelConfig): boolean {
  const text = parameters.get('plumbline.untrusted') ?? 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw configFault('parameters["plumbline.untrusted"]', `is "${text}", neither true nor false`);
}
