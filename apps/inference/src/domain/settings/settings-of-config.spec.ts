import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseVersions, NO_CONFIG, type ModelConfig, type TensorConfig } from './model-config.ts';
import { openingSettings } from './opening-settings.ts';
import { narrowInputs, settingsOfConfig } from './settings-of-config.ts';
import type { ModelSignature } from '../signature.ts';

const MODEL: ModelSignature = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [-1, 4] },
    { name: 'k', datatype: 'INT64', shape: [-1, -1] },
  ],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3] }],
};
const FIXED: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 3] }],
};
const SERVICE = {
  maxBatchRows: 64,
  runners: 2,
  providers: [
    { device: 'cuda:0', available: true, detail: '' },
    { device: 'cuda:1', available: false, detail: 'no such device' },
    { device: 'cpu', available: true, detail: '' },
  ],
};

const tensor = (name: string, dims: readonly number[], more: Partial<TensorConfig> = {}): TensorConfig => ({
  name,
  datatype: name === 'k' ? 'INT64' : 'FP32',
  dims,
  labelFilename: '',
  ...more,
});
const config = (parts: Partial<ModelConfig>): ModelConfig => ({ ...NO_CONFIG, ...parts });
const settings = (parts: Partial<ModelConfig>, model = MODEL) =>
  settingsOfConfig(config(parts), model, {
    opening: openingSettings(config(parts), SERVICE),
    maxBatchRows: SERVICE.maxBatchRows,
    labelFiles: new Map([['labels.txt', Buffer.from('cat\r\ndog\n')]]),
  });
const batching = {
  preferredRows: [],
  maxDelayUs: 0,
  preserveOrdering: false,
  priorityLevels: 0,
  defaultPriority: 0,
  defaultPolicy: undefined,
  policies: new Map(),
};
const parameter = (name: string, value: string) => ({ parameters: new Map([[name, value]]) });

describe('settings of a configuration', () => {
  it('are the service’s own where it says nothing', () => {
    expect(settings({})).toMatchObject({
      maxBatchRows: 64,
      devices: ['cuda:0', 'cuda:0'],
      intraOpThreads: 1,
      untrusted: false,
      invariance: { kind: 'alone' },
      cached: false,
      queue: { policies: [{ timeoutAction: 'REJECT', allowTimeoutOverride: true }], defaultPriority: 1 },
    });
    expect(settings({}, FIXED).maxBatchRows).toBe(0);
  });

  it('are those that it says', () => {
    const given = settings({
      maxBatchSize: 8,
      inputs: [tensor('k', [5]), tensor('x', [4])],
      outputs: [tensor('y', [3], { labelFilename: 'labels.txt' })],
      instanceGroups: [
        { name: '', kind: 'CPU', count: 2, gpus: [] },
        { name: '', kind: 'GPU', count: 0, gpus: [] },
        { name: '', kind: 'AUTO', count: 1, gpus: [] },
      ],
      dynamicBatching: {
        ...batching,
        preferredRows: [8, 2, 8],
        priorityLevels: 2,
        defaultPriority: 2,
        policies: new Map([[1, { ...queuePolicy(), maxQueuedRequests: 9 }]]),
      },
      parameters: new Map([
        ['intra_op_thread_count', '4'],
        ['plumbline.invariance', 'pin:8'],
        ['plumbline.untrusted', 'true'],
      ]),
      cached: true,
    });
    expect(given).toMatchObject({
      maxBatchRows: 8,
      devices: ['cpu', 'cpu', 'cuda:0', 'cuda:0'],
      intraOpThreads: 4,
      untrusted: true,
      invariance: { kind: 'pin', rows: 8 },
      cached: true,
      queue: { preferredRows: [2, 8], defaultPriority: 2 },
    });
    expect(given.queue.policies.map(({ maxQueuedRequests }) => maxQueuedRequests)).toEqual([9, 0]);
    expect([...given.labels]).toEqual([['y', ['cat', 'dog']]]);
  });

  it('let rows share batches whatever the test finds where dynamic batching is asked for, unless told otherwise', () => {
    expect(settings({ dynamicBatching: batching }).invariance).toEqual({ kind: 'serve' });
    const told = { dynamicBatching: batching, ...parameter('plumbline.invariance', 'alone') };
    expect(settings(told).invariance).toEqual({ kind: 'alone' });
  });

  it('take parameters that are the model’s own, and those of Triton’s that change nothing', () => {
    const names = [
      ...parameter('team', 'risk').parameters,
      ['execution_mode', '0'],
      ['inter_op_thread_count', '1'],
    ];
    const parameters = new Map(names as [string, string][]);
    expect(settings({ parameters }).config.parameters).toBe(parameters);
  });

  it('keep a queue’s policy where there is no batch dimension', () => {
    const dynamicBatching = { ...batching, priorityLevels: 2, defaultPriority: 1 };
    expect(settings({ maxBatchSize: 0, dynamicBatching }).queue.policies).toHaveLength(2);
  });

  it('have no batch dimension where the dims declare the model’s whole shapes', () => {
    const inputs = [tensor('x', [-1, 4]), tensor('k', [-1, -1])];
    expect(settings({ inputs }).maxBatchRows).toBe(0);
    expect(settings({ outputs: [tensor('y', [-1, 3])] }).maxBatchRows).toBe(0);
    expect(settings({ maxBatchSize: 0 }).maxBatchRows).toBe(0);
  });

  it('narrow the inputs that the model leaves open', () => {
    const narrowed = narrowInputs(MODEL, config({ inputs: [tensor('x', [4]), tensor('k', [7])] }), true);
    expect(narrowed.inputs.map(({ shape }) => shape)).toEqual([
      [-1, 4],
      [-1, 7],
    ]);
  });

  it.each<[string, Partial<ModelConfig>, ModelSignature?]>([
    ['platform is "tensorrt_plan"', { platform: 'tensorrt_plan' }],
    ['backend is "python"', { backend: 'python' }],
    ['model_transaction_policy.decoupled is true', { decoupled: true }],
    ['max_batch_size is -1', { maxBatchSize: -1 }],
    ['max_batch_size is 8, but "x" of the model has the shape [1,4]', { maxBatchSize: 8 }, FIXED],
    ['input[0].name is "z"; the model has "x", "k"', { inputs: [tensor('z', [1])] }],
    [
      'input[0].data_type is FP64; "x" of the model is FP32',
      { inputs: [tensor('x', [4], { datatype: 'FP64' })] },
    ],
    [
      'input[0].dims is [5]; "x" of the model has [4] after the batch dimension',
      { inputs: [tensor('x', [5])] },
    ],
    ['output[0].dims is [-1]', { outputs: [tensor('y', [-1])] }],
    ['input does not declare "k"', { inputs: [tensor('x', [4])] }],
    ['input[0].dims is [4]; "x" of the model has [-1,4]', { maxBatchSize: 0, inputs: [tensor('x', [4])] }],
    ['instance_group[0].kind asks for cuda:1, which this server does not have: no such device', gpus([1])],
    [
      'instance_group[0].kind asks for cuda:2, which this server does not have: EXECUTION_PROVIDERS',
      gpus([2]),
    ],
    ['instance_group[0].gpus holds -1', gpus([-1])],
    [
      'instance_group[0].gpus is given with KIND_CPU',
      { instanceGroups: [{ ...group(), kind: 'CPU', gpus: [0] }] },
    ],
    ['instance_group[0].count is -1', { instanceGroups: [{ ...group(), count: -1 }] }],
    ['instance_group asks for 65 copies', { instanceGroups: [{ ...group(), count: 65 }] }],
    ['instance_group asks for 2147483647 copies', { instanceGroups: [{ ...group(), count: 2_147_483_647 }] }],
    ['parameters["execution_mode"] is "1"', parameter('execution_mode', '1')],
    ['parameters["inter_op_thread_count"] is "4"', parameter('inter_op_thread_count', '4')],
    ['parameters["plumbline.invariant"] is unknown', parameter('plumbline.invariant', 'serve')],
    ['dynamic_batching is given, but', { maxBatchSize: 0, dynamicBatching: batching }],
    [
      'dynamic_batching is given, but',
      { maxBatchSize: 0, dynamicBatching: { ...batching, maxDelayUs: 100, preserveOrdering: true } },
    ],
    ['parameters["intra_op_thread_count"] is "0"', parameter('intra_op_thread_count', '0')],
    [
      'parameters["intra_op_thread_count"] is 64, which makes 320 threads of 5 copies; at most 256 are made',
      { ...parameter('intra_op_thread_count', '64'), instanceGroups: [{ ...group(), count: 5 }] },
    ],
    ['parameters["plumbline.untrusted"] is "yes"', parameter('plumbline.untrusted', 'yes')],
    ['parameters["plumbline.invariance"] is "pin:65"', parameter('plumbline.invariance', 'pin:65')],
    [
      'dynamic_batching.preferred_batch_size holds 65',
      { dynamicBatching: { ...batching, preferredRows: [65] } },
    ],
    ['dynamic_batching.priority_levels is 65', { dynamicBatching: { ...batching, priorityLevels: 65 } }],
    ['dynamic_batching.default_priority_level is 0', { dynamicBatching: { ...batching, priorityLevels: 2 } }],
    [
      'dynamic_batching.default_priority_level is 1 without',
      { dynamicBatching: { ...batching, defaultPriority: 1 } },
    ],
    [
      'dynamic_batching.priority_queue_policy names the priority 3 of 2 levels',
      {
        dynamicBatching: {
          ...batching,
          priorityLevels: 2,
          defaultPriority: 1,
          policies: new Map([[3, queuePolicy()]]),
        },
      },
    ],
  ])('are refused where %s', (problem, parts, model = MODEL) => {
    const reason = problem.includes('does not have') ? 'PROVIDER_UNAVAILABLE' : 'MODEL_CONFIG_INVALID';
    const refused = { reason, message: expect.stringContaining(problem) as unknown };
    expect(() => settings(parts, model)).toThrow(expect.objectContaining(refused));
  });

  it('say the same of opening a model before and after it was opened', () => {
    const parts = parameter('intra_op_thread_count', '3');
    expect(settings(parts)).toMatchObject(openingSettings(config(parts), SERVICE));
  });
});

describe('a version policy', () => {
  it('chooses what is there, ascending', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 99 }));
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 9 }), numbers, (available, count, named) => {
        const sorted = [...available].sort((a, b) => a - b);
        expect(chooseVersions({ kind: 'all' }, available)).toEqual(sorted);
        expect(chooseVersions({ kind: 'latest', count }, available)).toEqual(
          sorted.filter((number) => available.filter((other) => other > number).length < count),
        );
        const there = named.filter((number) => available.includes(number));
        expect(chooseVersions({ kind: 'specific', numbers: there }, available)).toEqual(
          sorted.filter((number) => there.includes(number)),
        );
      }),
    );
  });
});

describe('a policy of specific versions', () => {
  it('is refused where it names one that is not there', () => {
    const message = 'version_policy.specific names 2, 4, which are not there: 1, 3';
    expect(() => chooseVersions({ kind: 'specific', numbers: [1, 2, 4] }, [3, 1])).toThrow(
      expect.objectContaining({ reason: 'MODEL_CONFIG_INVALID', message }),
    );
  });
});

function queuePolicy() {
  return {
    timeoutAction: 'REJECT' as const,
    defaultTimeoutUs: 0,
    allowTimeoutOverride: false,
    maxQueuedRequests: 0,
  };
}
function group() {
  return { name: '', kind: 'AUTO' as const, count: 1, gpus: [] };
}
function gpus(numbers: readonly number[]): Partial<ModelConfig> {
  return { instanceGroups: [{ ...group(), kind: 'GPU', gpus: numbers }] };
}
