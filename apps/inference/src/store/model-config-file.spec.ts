import { describe, expect, it } from '@jest/globals';
import { NO_CONFIG } from '../domain/settings/model-config.ts';
import { parseConfigJson, parseConfigText, placesIn } from './model-config-file.ts';

const text = (source: string) => parseConfigText(Buffer.from(source));
const json = (value: unknown) =>
  parseConfigJson(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

const FULL = `
  name: "classifier"
  platform: "onnxruntime_onnx"
  backend: "onnxruntime"
  version_policy: { specific: { versions: [1, 3] } }
  max_batch_size: 0
  input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }, { name: "t" data_type: TYPE_STRING dims: 1 } ]
  output { name: "y" data_type: TYPE_BF16 dims: 3 label_filename: "labels.txt" }
  dynamic_batching {
    preferred_batch_size: [ 4, 8 ]
    max_queue_delay_microseconds: 100
    preserve_ordering: true
    priority_levels: 2
    default_priority_level: 1
    default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 5 max_queue_size: 7 }
    priority_queue_policy { key: 2 value { allow_timeout_override: true } }
  }
  instance_group [ { count: 2 kind: KIND_GPU gpus: [ 0, 1 ] }, { kind: KIND_CPU } ]
  default_model_filename: "net.onnx"
  parameters { key: "intra_op_thread_count" value { string_value: "4" } }
  model_warmup {
    name: "w" batch_size: 3 count: 2
    inputs { key: "x" value { data_type: TYPE_FP32 dims: 4 random_data: true } }
    inputs { key: "t" value { data_type: TYPE_STRING dims: 1 input_data_file: "t.bin" } }
  }
  model_transaction_policy { decoupled: false }
  response_cache { enable: true }
`;

describe('a configuration file', () => {
  it('says every field that is honoured', () => {
    expect(text(FULL)).toEqual({
      name: 'classifier',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      versionPolicy: { kind: 'specific', numbers: [1, 3] },
      maxBatchSize: 0,
      inputs: [
        { name: 'x', datatype: 'FP32', dims: [-1, 4], labelFilename: '' },
        { name: 't', datatype: 'BYTES', dims: [1], labelFilename: '' },
      ],
      outputs: [{ name: 'y', datatype: 'BF16', dims: [3], labelFilename: 'labels.txt' }],
      dynamicBatching: {
        preferredRows: [4, 8],
        maxDelayUs: 100,
        preserveOrdering: true,
        priorityLevels: 2,
        defaultPriority: 1,
        defaultPolicy: {
          timeoutAction: 'DELAY',
          defaultTimeoutUs: 5,
          allowTimeoutOverride: false,
          maxQueuedRequests: 7,
        },
        policies: new Map([
          [
            2,
            {
              timeoutAction: 'REJECT',
              defaultTimeoutUs: 0,
              allowTimeoutOverride: true,
              maxQueuedRequests: 0,
            },
          ],
        ]),
      },
      instanceGroups: [
        { name: '', kind: 'GPU', count: 2, gpus: [0, 1] },
        { name: '', kind: 'CPU', count: 0, gpus: [] },
      ],
      modelFilename: 'net.onnx',
      parameters: new Map([['intra_op_thread_count', '4']]),
      warmups: [
        {
          name: 'w',
          rows: 3,
          times: 2,
          inputs: new Map([
            ['x', { datatype: 'FP32', dims: [4], data: { kind: 'random' } }],
            ['t', { datatype: 'BYTES', dims: [1], data: { kind: 'file', name: 't.bin' } }],
          ]),
        },
      ],
      decoupled: false,
      cached: true,
    });
  });

  it('leaves open what it does not say, and tells 0 from not given', () => {
    expect(text('')).toEqual(NO_CONFIG);
    expect(json({})).toEqual(NO_CONFIG);
    expect(text('max_batch_size: 0').maxBatchSize).toBe(0);
    expect(json({ max_batch_size: 0 }).maxBatchSize).toBe(0);
    expect(json({ maxBatchSize: 8 }).maxBatchSize).toBe(8);
    expect(text('version_policy { all { } }').versionPolicy).toEqual({ kind: 'all' });
    expect(text('version_policy { latest { } }').versionPolicy).toEqual({ kind: 'latest', count: 1 });
  });

  it.each([
    [
      'input [ {\n name: "x" formt: FORMAT_NCHW } ]',
      'config.pbtxt:2:12: input[0].formt is not a field of ModelInput; did you mean format?',
    ],
    ['ensemble_scheduling { }', "ensemble_scheduling is a field of Triton's that this server does not offer"],
    ['sequence_batching { }', "sequence_batching is a field of Triton's that this server does not offer"],
    ['optimization { }', "optimization is a field of Triton's that this server does not offer"],
    ['max_batchsize: 8', 'max_batchsize is not a field of ModelConfig; did you mean max_batch_size?'],
    ['input { name: "x" data_type: TYPE_FP32 optional: true }', 'input[0].optional is true'],
    [
      'input { name: "x" data_type: TYPE_FP32 allow_ragged_batch: true }',
      'input[0].allow_ragged_batch is true',
    ],
    ['output { name: "y" data_type: TYPE_FP32 is_shape_tensor: true }', 'output[0].is_shape_tensor is true'],
    ['instance_group { kind: KIND_MODEL }', 'instance_group[0].kind is KIND_MODEL'],
    ['instance_group { rate_limiter { } }', "instance_group[0].rate_limiter is a field of Triton's"],
    ['\ninput { name: "x" dims: 1 }', 'config.pbtxt:2:7: input[0].data_type is missing'],
    ['input { name: "x" data_type: TYPE_FP32 dims: -2 }', 'input[0].dims holds -2'],
    [
      'default_model_filename: "../m.onnx"',
      'default_model_filename is "../m.onnx", which is no plain file name',
    ],
    ['output { name: "y" data_type: TYPE_FP32 label_filename: "a/b" }', 'output[0].label_filename'],
    [
      'model_warmup { inputs { key: "x" value { data_type: TYPE_FP32 } } }',
      'model_warmup[0].inputs["x"] has neither',
    ],
  ])('is refused with %j', (source, problem) => {
    const refused = { reason: 'MODEL_CONFIG_INVALID', message: expect.stringContaining(problem) as unknown };
    expect(() => text(source)).toThrow(expect.objectContaining(refused));
  });

  it('takes fields of Triton’s at values that change nothing', () => {
    const tensor = 'name: "x" data_type: TYPE_FP32 dims: 1 is_shape_tensor: false';
    const source = `input { ${tensor} format: FORMAT_NONE allow_ragged_batch: false optional: false } output { ${tensor} }`;
    expect(text(source)).toEqual(
      text(
        'input { name: "x" data_type: TYPE_FP32 dims: 1 } output { name: "x" data_type: TYPE_FP32 dims: 1 }',
      ),
    );
    const idle = {
      metric_tags: {},
      runtime: '',
      batch_input: [],
      instance_group: [{ passive: false, profile: [], host_policy: '' }],
    };
    expect(json(idle)).toEqual(json({ instance_group: [{}] }));
  });

  it('says the model’s own shape of a tensor, also an empty one', () => {
    const source = 'output { name: "y" data_type: TYPE_INT64 dims: 1 reshape { shape: [ ] } }';
    expect(text(source).outputs).toMatchObject([{ dims: [1], reshape: [] }]);
  });

  it.each([
    ['{"inputs": []}', 'inputs is not a field of ModelConfig; did you mean input?'],
    ['{"input": [{"dim": [1]}]}', 'input[0].dim is not a field of ModelInput; did you mean dims?'],
    ['{"optimization": {"graph": {"level": 1}}}', "optimization is a field of Triton's"],
    ['{"instance_group": [{"passive": true}]}', "instance_group[0].passive is a field of Triton's"],
    [
      '{"dynamic_batching": {"preferred_batch_size": "x"}}',
      'preferred_batch_size of ModelDynamicBatching has a value',
    ],
    ['{', 'config:'],
    ['[]', 'config:'],
    ['{"max_batch_size": "many"}', 'max_batch_size'],
  ])('is refused in JSON with %s', (source, problem) => {
    const refused = { reason: 'MODEL_CONFIG_INVALID', message: expect.stringContaining(problem) as unknown };
    expect(() => json(source)).toThrow(expect.objectContaining(refused));
  });
});

describe('the places of fields', () => {
  const placeOf = placesIn(
    Buffer.from(`name: "m"
input { name: "x" data_type: TYPE_FP32 dims: 4 }
input {
  name: "k"
  dims: [ 1,
    2 ]
}
parameters { key: "team.risk" value { string_value: "4" } }
parameters {
  key: "plumbline.invariance" value { string_value: "maybe" }
}
model_warmup { name: "w" inputs { key: "x"
  value { data_type: TYPE_FP32 } } }
`),
  );

  it.each([
    ['name', '1:1'],
    ['input', '2:1'],
    ['input[0].dims', '2:40'],
    ['input[1].name', '4:3'],
    ['input[1].dims', '5:3'],
    ['input[1].data_type', '3:7'],
    ['parameters["team.risk"]', '8:12'],
    ['parameters["plumbline.invariance"]', '9:12'],
    ['model_warmup[0].inputs["x"].dims', '12:33'],
    ['model_warmup[0].inputs', '12:26'],
  ])('of %s is %s, its own or that of the nearest around it', (field, place) => {
    expect(placeOf(field)).toBe(`config.pbtxt:${place}`);
  });

  it('are the file itself where it gives nothing around a field', () => {
    expect(placeOf('dynamic_batching.priority_levels')).toBe('config.pbtxt');
  });
});
