import {
  DataType,
  ModelInput_Format as Format,
  ModelInstanceGroup_Kind as Kind,
  ModelQueuePolicy_TimeoutAction as TimeoutAction,
  type ModelConfig as ConfigMessage,
  type ModelDynamicBatching,
  type ModelInput,
  type ModelOutput,
  type ModelQueuePolicy,
  type ModelVersionPolicy,
  type ModelWarmup,
  type ModelWarmup_Input,
} from '@plumbline/contract-oip';
import type { Datatype } from '@plumbline/tensors';
import { shorten } from '../domain/errors.ts';
import { configFault } from '../domain/settings/config-fault.ts';
import {
  DEFAULT_MODEL_FILENAME,
  type DynamicBatching,
  type ModelConfig,
  type TensorConfig,
  type VersionPolicy,
  type Warmup,
  type WarmupInput,
} from '../domain/settings/model-config.ts';
import type { QueuePolicy } from '../domain/settings/queue-policy.ts';

/**
 * What a message says; fields that are not honoured here, or only with certain values, are refused by name.
 * @param hasBatchSize whether it gives max_batch_size, of which 0 is a value.
 * @throws ServiceError MODEL_CONFIG_INVALID naming the field.
 */
export function configOf(message: ConfigMessage, hasBatchSize: boolean): ModelConfig {
  const { schedulingChoice: choice } = message;
  return {
    name: message.name,
    platform: message.platform,
    backend: message.backend,
    versionPolicy: versionPolicyOf(message.versionPolicy),
    maxBatchSize: hasBatchSize ? message.maxBatchSize : undefined,
    inputs: message.input.map((input, index) => tensorOf(input, `input[${index}]`)),
    outputs: message.output.map((output, index) => tensorOf(output, `output[${index}]`)),
    dynamicBatching: choice.case === undefined ? undefined : dynamicBatchingOf(choice.value),
    instanceGroups: message.instanceGroup.map(({ name, kind, count, gpus }, index) => ({
      name,
      kind: kindOf(kind, `instance_group[${index}].kind`),
      count,
      gpus,
    })),
    modelFilename: fileName(message.defaultModelFilename, 'default_model_filename') || DEFAULT_MODEL_FILENAME,
    parameters: new Map(Object.entries(message.parameters).map(([name, value]) => [name, value.stringValue])),
    warmups: message.modelWarmup.map(warmupOf),
    decoupled: message.modelTransactionPolicy?.decoupled ?? false,
    cached: message.responseCache?.enable ?? false,
  };
}

function versionPolicyOf(policy: ModelVersionPolicy | undefined): VersionPolicy {
  const choice = policy?.policyChoice;
  switch (choice?.case) {
    case 'all':
      return { kind: 'all' };
    case 'specific':
      return { kind: 'specific', numbers: choice.value.versions.map(Number) };
    default:
      return { kind: 'latest', count: Math.max(choice?.value?.numVersions ?? 0, 1) };
  }
}

function tensorOf(tensor: ModelInput | ModelOutput, field: string): TensorConfig {
  const { name, dataType, dims, reshape } = tensor;
  refuseAsked(tensor, field);
  const labelFilename = 'labelFilename' in tensor ? tensor.labelFilename : '';
  return {
    name,
    datatype: datatypeOf(dataType, `${field}.data_type`),
    dims: dimsOf(dims, -1n, `${field}.dims`),
    reshape: reshape && dimsOf(reshape.shape, -1n, `${field}.reshape.shape`),
    labelFilename: fileName(labelFilename, `${field}.label_filename`),
    format: 'format' in tensor ? formatOf(tensor) : undefined,
  };
}

function formatOf({ format }: ModelInput): TensorConfig['format'] {
  if (format === Format.NHWC) return 'NHWC';
  return format === Format.NCHW ? 'NCHW' : undefined;
}

/** Of what Triton offers for tensors, that which nothing here does. */
function refuseAsked(tensor: ModelInput | ModelOutput, field: string): void {
  const asked = [
    ['is_shape_tensor', tensor.isShapeTensor],
    ['allow_ragged_batch', 'allowRaggedBatch' in tensor && tensor.allowRaggedBatch],
    ['optional', 'optional' in tensor && tensor.optional],
  ] as const;
  const [first] = asked.filter(([, isAsked]) => isAsked);
  if (first !== undefined)
    throw configFault(`${field}.${first[0]}`, 'is true, which this server does not offer');
}

function kindOf(kind: Kind, field: string): 'AUTO' | 'GPU' | 'CPU' {
  if (kind !== Kind.MODEL) return Kind[kind] as 'AUTO' | 'GPU' | 'CPU';
  throw configFault(field, 'is KIND_MODEL, which this server does not offer: models of ONNX do not choose');
}

function datatypeOf(type: DataType, field: string): Datatype {
  if (type === DataType.TYPE_INVALID) throw configFault(field, 'is missing');
  if (type === DataType.TYPE_STRING) return 'BYTES';
  return DataType[type].slice('TYPE_'.length) as Datatype;
}

function dimsOf(dims: readonly bigint[], least: bigint, field: string): number[] {
  const wrong = dims.find((size) => size < least || size > BigInt(Number.MAX_SAFE_INTEGER));
  if (wrong !== undefined) throw configFault(field, `holds ${wrong}, which is no size`);
  return dims.map(Number);
}

/** A file in its own folder: nothing that leads elsewhere. */
function fileName(text: string, field: string): string {
  if (text === '' || (/^[A-Za-z0-9._-]{1,200}$/.test(text) && text !== '.' && text !== '..')) return text;
  throw configFault(field, `is "${shorten(text)}", which is no plain file name of [A-Za-z0-9._-]`);
}

function dynamicBatchingOf(batching: ModelDynamicBatching): DynamicBatching {
  const { defaultQueuePolicy, priorityQueuePolicy } = batching;
  return {
    preferredRows: batching.preferredBatchSize,
    maxDelayUs: Number(batching.maxQueueDelayMicroseconds),
    preserveOrdering: batching.preserveOrdering,
    priorityLevels: Number(batching.priorityLevels),
    defaultPriority: Number(batching.defaultPriorityLevel),
    defaultPolicy: defaultQueuePolicy && queuePolicyOf(defaultQueuePolicy),
    policies: new Map(
      Object.entries(priorityQueuePolicy).map(([level, policy]) => [Number(level), queuePolicyOf(policy)]),
    ),
  };
}

function queuePolicyOf(policy: ModelQueuePolicy): QueuePolicy {
  return {
    timeoutAction: policy.timeoutAction === TimeoutAction.DELAY ? 'DELAY' : 'REJECT',
    defaultTimeoutUs: Number(policy.defaultTimeoutMicroseconds),
    allowTimeoutOverride: policy.allowTimeoutOverride,
    maxQueuedRequests: policy.maxQueueSize,
  };
}

function warmupOf({ name, batchSize, count, inputs }: ModelWarmup, index: number): Warmup {
  const field = `model_warmup[${index}]`;
  return {
    name,
    rows: Math.max(batchSize, 1),
    times: Math.max(count, 1),
    inputs: new Map(
      Object.entries(inputs).map(([input, value]) => [
        input,
        warmupInputOf(value, `${field}.inputs["${shorten(input)}"]`),
      ]),
    ),
  };
}

function warmupInputOf(
  { dataType, dims, inputDataType: from }: ModelWarmup_Input,
  field: string,
): WarmupInput {
  const tensor = {
    datatype: datatypeOf(dataType, `${field}.data_type`),
    dims: dimsOf(dims, 0n, `${field}.dims`),
  };
  switch (from.case) {
    case 'inputDataFile':
      return { ...tensor, data: { kind: 'file', name: fileName(from.value, `${field}.input_data_file`) } };
    case 'randomData':
      return { ...tensor, data: { kind: 'random' } };
    case 'zeroData':
      return { ...tensor, data: { kind: 'zero' } };
    default:
      throw configFault(field, 'has neither zero_data, random_data nor input_data_file');
  }
}
