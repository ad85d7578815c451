import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  DataType,
  ModelInput_Format as Format,
  ModelInstanceGroup_Kind as Kind,
  ModelQueuePolicy_TimeoutAction as TimeoutAction,
  type GRPCInferenceService,
  type ModelConfigSchema,
  type ModelVersionPolicySchema,
} from '@plumbline/contract-oip';
import { requireTenant, type Handler } from '@plumbline/rpc';
import type { DescribedVersion } from '../domain/versions/find-version.ts';
import type { TensorConfig, VersionPolicy, Warmup, WarmupInput } from '../domain/settings/model-config.ts';
import type { Device } from '../domain/runners/devices.ts';
import type { QueuePolicy, QueueSettings } from '../domain/settings/queue-policy.ts';
import type { TensorSpec } from '../domain/signature.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';

type ModelConfigMethod = Handler<(typeof GRPCInferenceService)['method']['modelConfig']>;
type ConfigInit = MessageInitShape<typeof ModelConfigSchema>;

/** What a tenant's model is served by: its own configuration, completed from the model and the service's settings. */
export function modelConfig(table: VersionTable): ModelConfigMethod {
  return ({ name, version }, context) => ({
    config: completeConfig(table.describe(requireTenant(context), name, version)),
  });
}

function completeConfig({ facts: { settings, signature, together }, owner }: DescribedVersion): ConfigInit {
  const { config, maxBatchRows, queue } = settings;
  const rowed = maxBatchRows > 0;
  return {
    name: owner.model,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    versionPolicy: versionPolicy(config.versionPolicy),
    maxBatchSize: maxBatchRows,
    input: signature.inputs.map((spec) => ({
      ...tensor(spec, rowed),
      ...reshape(config.inputs, spec),
      format: format(config.inputs, spec),
    })),
    output: signature.outputs.map((spec) => ({
      ...tensor(spec, rowed),
      ...reshape(config.outputs, spec),
      labelFilename: config.outputs.find(({ name }) => name === spec.name)?.labelFilename ?? '',
    })),
    schedulingChoice:
      together || config.dynamicBatching !== undefined
        ? { case: 'dynamicBatching', value: dynamicBatching(queue) }
        : { case: undefined },
    instanceGroup: instanceGroups(settings.devices),
    defaultModelFilename: config.modelFilename,
    parameters: Object.fromEntries(
      [...config.parameters].map(([name, stringValue]) => [name, { stringValue }]),
    ),
    modelWarmup: config.warmups.map(warmup),
    modelTransactionPolicy: { decoupled: false },
    responseCache: { enable: settings.cached },
  };
}

function versionPolicy(policy: VersionPolicy): MessageInitShape<typeof ModelVersionPolicySchema> {
  switch (policy.kind) {
    case 'latest':
      return { policyChoice: { case: 'latest', value: { numVersions: policy.count } } };
    case 'all':
      return { policyChoice: { case: 'all', value: {} } };
    case 'specific':
      return { policyChoice: { case: 'specific', value: { versions: policy.numbers.map(BigInt) } } };
  }
}

function tensor({ name, datatype, shape }: TensorSpec, rowed: boolean) {
  return { name, dataType: dataType(datatype), dims: (rowed ? shape.slice(1) : shape).map(BigInt) };
}

function reshape(tensors: readonly TensorConfig[], { name }: TensorSpec) {
  const shape = tensors.find((declared) => declared.name === name)?.reshape;
  return shape === undefined ? {} : { reshape: { shape: shape.map(BigInt) } };
}

function format(tensors: readonly TensorConfig[], { name }: TensorSpec): Format {
  const declared = tensors.find((tensor) => tensor.name === name)?.format;
  return declared === undefined ? Format.NONE : Format[declared];
}

function dataType(datatype: TensorSpec['datatype']): DataType {
  return datatype === 'BYTES' ? DataType.TYPE_STRING : DataType[`TYPE_${datatype}`];
}

function dynamicBatching(queue: QueueSettings) {
  const levels = queue.policies.length;
  const [first] = queue.policies;
  const priorities = queue.policies.map((policy, index) => [index + 1, queuePolicy(policy)] as const);
  return {
    preferredBatchSize: [...queue.preferredRows],
    maxQueueDelayMicroseconds: BigInt(queue.maxDelayUs),
    preserveOrdering: queue.preserveOrdering,
    priorityLevels: BigInt(levels === 1 ? 0 : levels),
    defaultPriorityLevel: BigInt(levels === 1 ? 0 : queue.defaultPriority),
    ...(levels === 1 && first !== undefined
      ? { defaultQueuePolicy: queuePolicy(first) }
      : { priorityQueuePolicy: Object.fromEntries(priorities) }),
  };
}

function queuePolicy(policy: QueuePolicy) {
  return {
    timeoutAction: policy.timeoutAction === 'DELAY' ? TimeoutAction.DELAY : TimeoutAction.REJECT,
    defaultTimeoutMicroseconds: BigInt(policy.defaultTimeoutUs),
    allowTimeoutOverride: policy.allowTimeoutOverride,
    maxQueueSize: policy.maxQueuedRequests,
  };
}

/** One group per device, in the order of the runners. */
function instanceGroups(devices: readonly Device[]) {
  return [...new Set(devices)].map((device, index) => {
    const gpu = /^cuda:(\d+)$/.exec(device)?.[1];
    return {
      name: `${device}_${index}`,
      kind: gpu === undefined ? Kind.CPU : Kind.GPU,
      count: devices.filter((other) => other === device).length,
      gpus: gpu === undefined ? [] : [Number(gpu)],
    };
  });
}

function warmup({ name, rows, times, inputs }: Warmup) {
  const entries = [...inputs].map(([input, value]) => [input, warmupInput(value)] as const);
  return { name, batchSize: rows, count: times, inputs: Object.fromEntries(entries) };
}

function warmupInput({ datatype, dims, data }: WarmupInput) {
  return { dataType: dataType(datatype), dims: dims.map(BigInt), inputDataType: inputData(data) };
}

function inputData(data: WarmupInput['data']) {
  switch (data.kind) {
    case 'zero':
      return { case: 'zeroData' as const, value: true };
    case 'random':
      return { case: 'randomData' as const, value: true };
    case 'file':
      return { case: 'inputDataFile' as const, value: data.name };
  }
}
