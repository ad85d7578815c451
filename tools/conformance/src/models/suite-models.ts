import type { Datatype } from '@plumbline/tensors';
import { colours, identity, neighbourly, slow, sumAndDifference, times } from './graphs.ts';
import type { SuiteModel, SuiteTensor } from './suite-model.ts';

/** Datatypes with a model of their own, `identity_<datatype>`. */
export const IDENTITY_DATATYPES = [
  ...(['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64'] as const),
  ...(['FP16', 'FP32', 'FP64', 'BYTES'] as const),
] satisfies readonly Datatype[];

export const identityName = (datatype: Datatype): string => `identity_${datatype.toLowerCase()}`;

/** Every model that the groups `oip`, `triton`, `rest` and `clients` call. */
export function suiteModels(): readonly SuiteModel[] {
  return [
    ...sums(),
    ...IDENTITY_DATATYPES.map(identityModel),
    { ...identityModel('BYTES'), name: 'simple_identity' },
    fourWide('versioned', [times(1), times(2)], ['version_policy { all { } }']),
    fourWide('neighbourly', [neighbourly()]),
    fourWide('cached', [times(3)], ['response_cache { enable: true }']),
    fourWide('loadable', [times(4)]),
    labelled(),
    imageModel(),
    { ...oneByOne('slow', []), versions: [slow(false)], maxBatchSize: 0 },
    { ...oneByOne('prioritized', PRIORITIES), versions: [slow(true)], maxBatchSize: 1 },
  ];
}

function sums(): SuiteModel[] {
  const names = { simple: 'INT32', simple_int8: 'INT8', simple_string: 'BYTES' } as const;
  return Object.entries(names).map(([name, datatype]) => ({
    name,
    versions: [sumAndDifference(datatype)],
    maxBatchSize: 8,
    inputs: tensors(['INPUT0', 'INPUT1'], datatype, [16]),
    outputs: tensors(['OUTPUT0', 'OUTPUT1'], datatype, [16]),
    settings: ['dynamic_batching { }'],
  }));
}

function identityModel(datatype: Datatype): SuiteModel {
  return {
    name: identityName(datatype),
    versions: [identity(datatype)],
    maxBatchSize: 64,
    inputs: tensors(['INPUT0'], datatype, [-1]),
    outputs: tensors(['OUTPUT0'], datatype, [-1]),
    settings: ['dynamic_batching { }'],
  };
}

function fourWide(
  name: string,
  versions: readonly Uint8Array[],
  settings: readonly string[] = [],
): SuiteModel {
  return {
    name,
    versions,
    maxBatchSize: 8,
    inputs: tensors(['INPUT0'], 'FP32', [4]),
    outputs: tensors(['OUTPUT0'], 'FP32', [4]),
    settings,
  };
}

function labelled(): SuiteModel {
  const labels = ['north', 'east', 'south', 'west'];
  return {
    ...fourWide('labelled', [times(1)]),
    outputs: [{ name: 'OUTPUT0', datatype: 'FP32', dims: [4], labels }],
  };
}

/** Triton's examples call an image model by the names that this one has. */
function imageModel(): SuiteModel {
  const labels = ['red', 'green', 'blue'];
  return {
    name: 'densenet_onnx',
    versions: [colours()],
    maxBatchSize: 0,
    inputs: [{ name: 'data_0', datatype: 'FP32', dims: [3, 224, 224], format: 'NCHW' }],
    outputs: [{ name: 'fc6_1', datatype: 'FP32', dims: [3], labels }],
  };
}

/** Requests are run one after the other, so that what waits can be seen. */
function oneByOne(name: string, settings: readonly string[]): Omit<SuiteModel, 'versions' | 'maxBatchSize'> {
  return {
    name,
    inputs: tensors(['INPUT0'], 'FP32', [2]),
    outputs: tensors(['OUTPUT0'], 'FP32', [2]),
    settings: ['instance_group [ { kind: KIND_CPU count: 1 } ]', ...settings],
  };
}

const PRIORITIES = [
  'dynamic_batching {',
  '  priority_levels: 2',
  '  default_priority_level: 2',
  '  default_queue_policy { timeout_action: REJECT default_timeout_microseconds: 60000000 allow_timeout_override: true }',
  '}',
];

function tensors(names: readonly string[], datatype: Datatype, dims: readonly number[]): SuiteTensor[] {
  return names.map((name) => ({ name, datatype, dims }));
}
