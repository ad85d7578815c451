import { describe, expect, it } from '@jest/globals';
import { encodeParameters, type ParameterValue } from '@plumbline/tensors';
import { readRequestParameters } from './request-parameters.ts';

const read = (parameters: Readonly<Record<string, ParameterValue>>) =>
  readRequestParameters(encodeParameters(new Map(Object.entries(parameters))));

describe('readRequestParameters', () => {
  it('takes priority and timeout as whole numbers, signed or not', () => {
    expect(read({ priority: 2n, timeout: 5_000n })).toMatchObject({ priority: 2, timeoutUs: 5_000 });
    expect(read({ priority: 2n ** 64n - 1n }).priority).toBeGreaterThan(2 ** 63);
    expect(read({})).toMatchObject({ priority: 0, timeoutUs: 0 });
  });

  it('keeps parameters without a meaning to the server apart', () => {
    expect([...read({ temperature: 0.5, user: 'u', priority: 1n }).others]).toEqual([
      ['temperature', 0.5],
      ['user', 'u'],
    ]);
  });

  it.each([
    ['binary_data_output', true],
    ['headers', 'x: y'],
    ['sequence_start', true],
    ['sequence_end', true],
    ['sequence_id', 0n],
    ['sequence_id', ''],
    ['triton_enable_empty_final_response', true],
  ])('lets %s = %p have no effect', (name, value) => {
    expect(read({ [name]: value })).toEqual(read({}));
  });

  it.each<[string, ParameterValue, string]>([
    ['sequence_id', 7n, 'SEQUENCES_UNSUPPORTED'],
    ['sequence_id', 'a', 'SEQUENCES_UNSUPPORTED'],
    ['sequence_id', true, 'PARAMETER_INVALID'],
    ['priority', -1n, 'PARAMETER_INVALID'],
    ['priority', 1.5, 'PARAMETER_INVALID'],
    ['timeout', '1s', 'PARAMETER_INVALID'],
    ['timeout', -1n, 'PARAMETER_INVALID'],
    ['triton_final_response', true, 'PARAMETER_INVALID'],
    ['triton_anything', 1n, 'PARAMETER_INVALID'],
  ])('refuses %s = %p by name', (name, value, reason) => {
    expect(() => read({ [name]: value })).toThrow(
      expect.objectContaining({
        reason,
        codeName: 'INVALID_ARGUMENT',
        fieldViolations: [expect.objectContaining({ field: `parameters[${name}]` })],
      }),
    );
  });

  it('refuses a parameter without a value as malformed', () => {
    expect(() => readRequestParameters([Buffer.from([0x0a, 0x01, 0x61])])).toThrow(
      expect.objectContaining({ reason: 'MALFORMED_REQUEST' }),
    );
  });
});
