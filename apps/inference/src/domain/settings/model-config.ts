import type { Datatype, Shape } from '@plumbline/tensors';
import { shorten } from '../errors.ts';
import { configFault } from './config-fault.ts';
import type { QueuePolicy } from './queue-policy.ts';

/** An input or output as a configuration declares it: without the batch dimension; −1 stands for any size. */
export interface TensorConfig {
  readonly name: string;
  readonly datatype: Datatype;
  readonly dims: Shape;
  /** The model's own shape, where it is not dims, likewise without the batch dimension. */
  readonly reshape?: Shape | undefined;
  /** Of an output: the file with its labels; empty: none. */
  readonly labelFilename: string;
  /** Of an input that is an image: the order of its dimensions, for clients to read; nothing here depends on it. */
  readonly format?: 'NHWC' | 'NCHW' | undefined;
}

export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly numbers: readonly number[] };

export interface InstanceGroup {
  readonly name: string;
  readonly kind: 'AUTO' | 'GPU' | 'CPU';
  /** 0: not given. */
  readonly count: number;
  readonly gpus: readonly number[];
}

export interface DynamicBatching {
  readonly preferredRows: readonly number[];
  readonly maxDelayUs: number;
  readonly preserveOrdering: boolean;
  /** 0: all requests are alike. */
  readonly priorityLevels: number;
  /** 0: not given. */
  readonly defaultPriority: number;
  readonly defaultPolicy: QueuePolicy | undefined;
  readonly policies: ReadonlyMap<number, QueuePolicy>;
}

export type WarmupData =
  { readonly kind: 'zero' | 'random' } | { readonly kind: 'file'; readonly name: string };

export interface WarmupInput {
  readonly datatype: Datatype;
  /** Without the batch dimension. */
  readonly dims: Shape;
  readonly data: WarmupData;
}

/** A request that is run before a model answers others. */
export interface Warmup {
  readonly name: string;
  readonly rows: number;
  readonly times: number;
  readonly inputs: ReadonlyMap<string, WarmupInput>;
}

/** How a model is to be served, as its config.pbtxt says, which may leave anything open. */
export interface ModelConfig {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  readonly versionPolicy: VersionPolicy;
  /** Undefined: not given. 0: requests have no batch dimension. */
  readonly maxBatchSize: number | undefined;
  readonly inputs: readonly TensorConfig[];
  readonly outputs: readonly TensorConfig[];
  readonly dynamicBatching: DynamicBatching | undefined;
  readonly instanceGroups: readonly InstanceGroup[];
  readonly modelFilename: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly warmups: readonly Warmup[];
  readonly decoupled: boolean;
  readonly cached: boolean;
}

export const DEFAULT_MODEL_FILENAME = 'model.onnx';

/** Of a model that brings no configuration. */
export const NO_CONFIG: ModelConfig = {
  name: '',
  platform: '',
  backend: '',
  versionPolicy: { kind: 'latest', count: 1 },
  maxBatchSize: undefined,
  inputs: [],
  outputs: [],
  dynamicBatching: undefined,
  instanceGroups: [],
  modelFilename: DEFAULT_MODEL_FILENAME,
  parameters: new Map(),
  warmups: [],
  decoupled: false,
  cached: false,
};

/**
 * The numbers that a policy serves of those that are there, ascending.
 * @throws ServiceError MODEL_CONFIG_INVALID where it names numbers that are not.
 */
export function chooseVersions(policy: VersionPolicy, available: readonly number[]): number[] {
  const ascending = available.toSorted((left, right) => left - right);
  switch (policy.kind) {
    case 'latest':
      return ascending.slice(-policy.count);
    case 'all':
      return ascending;
    case 'specific':
      checkThere(policy.numbers, ascending);
      return ascending.filter((number) => policy.numbers.includes(number));
  }
}

function checkThere(named: readonly number[], available: readonly number[]): void {
  const absent = named.filter((number) => !available.includes(number));
  if (absent.length === 0) return;
  const found = available.length === 0 ? 'there is none' : available.join(', ');
  throw configFault(
    'version_policy.specific',
    `names ${absent.join(', ')}, which ${absent.length === 1 ? 'is' : 'are'} not there: ${found}`,
  );
}

/**
 * A content may be that of several models, which are one version then.
 * @param names of the models whose configuration it is.
 * @throws ServiceError MODEL_CONFIG_INVALID where it names none of them.
 */
export function checkName({ name }: ModelConfig, names: readonly string[]): void {
  if (name === '' || names.includes(name)) return;
  throw configFault('name', `is "${shorten(name)}", but the model is "${names[0] ?? ''}"`);
}

/** The files beside the model that a configuration names, by their path in the model's folder. */
export function namedFiles({ outputs, warmups }: ModelConfig): string[] {
  const labels = outputs.flatMap(({ labelFilename }) => labelFilename || []);
  const data = warmups.flatMap(({ inputs }) =>
    [...inputs.values()].flatMap(({ data: from }) => (from.kind === 'file' ? [`warmup/${from.name}`] : [])),
  );
  return [...new Set([...labels, ...data])];
}
