import { describe, expect, it } from '@jest/globals';
import { thrown } from '../../test/thrown.ts';
import { liftData } from '../json/lift-data.ts';
import { readInferRequest } from './infer-request.ts';

const read = async (request: unknown) =>
  readInferRequest(
    await liftData(Buffer.from(typeof request === 'string' ? request : JSON.stringify(request))),
  );

const x = { name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] };
const binary = { ...x, data: undefined, parameters: { binary_data_size: 8 } };

describe('an inference request', () => {
  it('is read with its elements where they came', async () => {
    const request = await read({
      id: '42',
      model_name: 'ignored',
      parameters: { binary_data_output: true, priority: 2, note: 'n', share: 0.5, debug: false },
      inputs: [x, { ...binary, name: 'y' }],
      outputs: [{ name: 'a', parameters: { binary_data: false, classification: 3 } }, { name: 'b' }],
    });
    expect(request).toMatchObject({ id: '42', binaryOutputs: true });
    expect([...request.parameters]).toEqual([
      ['priority', 2n],
      ['note', 'n'],
      ['share', 0.5],
      ['debug', false],
    ]);
    expect(request.inputs).toEqual([
      {
        name: 'x',
        datatype: 'FP32',
        shape: [2],
        parameters: new Map(),
        elements: expect.objectContaining({ end: expect.any(Number) }),
      },
      { name: 'y', datatype: 'FP32', shape: [2], parameters: new Map(), elements: { binarySizeBytes: 8 } },
    ]);
    expect(request.outputs).toEqual([
      { name: 'a', binary: false, parameters: new Map([['classification', 3n]]) },
      { name: 'b', binary: undefined, parameters: new Map() },
    ]);
  });

  it('keeps integers of 64 bits', async () => {
    const { parameters } = await read(
      '{"parameters":{"a":18446744073709551615,"b":-9223372036854775808},"inputs":[]}',
    );
    expect([...parameters.values()]).toEqual([2n ** 64n - 1n, -(2n ** 63n)]);
  });

  it.each([
    ['a list', [], 'the body is no object'],
    ['no inputs', {}, 'inputs is missing'],
    ['inputs that are no list', { inputs: {} }, 'inputs is no array'],
    ['an input that is no object', { inputs: [7] }, 'inputs[0] is no object'],
    ['no name', { inputs: [{ ...x, name: undefined }] }, 'inputs[0].name is missing'],
    ['no datatype', { inputs: [x, { ...x, datatype: undefined }] }, 'inputs[1].datatype is missing'],
    [
      'an unknown datatype',
      { inputs: [{ ...x, datatype: 'fp32' }] },
      'inputs[0].datatype "fp32" is no datatype',
    ],
    ['no shape', { inputs: [{ ...x, shape: undefined }] }, 'inputs[0].shape is missing'],
    ['a negative dimension', { inputs: [{ ...x, shape: [1, -1] }] }, 'inputs[0].shape[1] is no size'],
    ['a dimension that is no integer', { inputs: [{ ...x, shape: [1.5] }] }, 'inputs[0].shape[0] is no size'],
    ['no elements', { inputs: [{ ...x, data: undefined }] }, 'inputs[0] has neither data nor'],
    ['elements twice', { inputs: [{ ...binary, data: [] }] }, 'inputs[0] has both data and'],
    [
      'a size that is none',
      { inputs: [{ ...binary, parameters: { binary_data_size: '8' } }] },
      'inputs[0].parameters.binary_data_size is no size',
    ],
    ['a null parameter', { inputs: [x], parameters: { p: null } }, 'parameters.p is neither'],
    [
      'a list for a parameter',
      { inputs: [{ ...x, parameters: { p: [] } }] },
      'inputs[0].parameters.p is neither',
    ],
    [
      'a parameter beyond a double',
      '{"inputs":[],"parameters":{"p":1e999}}',
      'parameters.p is beyond a double',
    ],
    [
      'a parameter beyond 64 bits',
      '{"inputs":[],"parameters":{"p":18446744073709551616}}',
      'parameters.p is beyond 64 bits',
    ],
    ['parameters that are no object', { inputs: [x], parameters: [] }, 'parameters is no object'],
    ['an id that is no string', { id: 7, inputs: [x] }, 'id is no string'],
    ['half of a surrogate pair', '{"id":"\\ud800","inputs":[]}', 'id has half of a surrogate pair'],
    [
      'a flag that is none',
      { inputs: [x], parameters: { binary_data_output: 1 } },
      'parameters.binary_data_output is neither true nor false',
    ],
    [
      'an output flag that is none',
      { inputs: [x], outputs: [{ name: 'a', parameters: { binary_data: 'yes' } }] },
      'outputs[0].parameters.binary_data is neither',
    ],
    ['an output without a name', { inputs: [x], outputs: [{}] }, 'outputs[0].name is missing'],
  ])('is refused with %s', async (_what, request, message) => {
    const refused = await thrown(() => read(request));
    expect(refused).toMatchObject({ reason: 'REQUEST_INVALID' });
    expect(String(refused)).toContain(message);
  });

  it.each([
    {
      inputs: [
        { ...x, data: undefined, parameters: { shared_memory_region: 'r', shared_memory_byte_size: 8 } },
      ],
    },
    { inputs: [x], outputs: [{ name: 'a', parameters: { shared_memory_region: 'r' } }] },
  ])('is refused with tensors in shared memory', async (request) => {
    expect(await thrown(() => read(request))).toMatchObject({
      reason: 'SHARED_MEMORY_UNSUPPORTED',
      codeName: 'UNIMPLEMENTED',
    });
  });
});
