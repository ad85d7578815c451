import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { parseInferRequest } from '@plumbline/tensors';
import { wantedClasses, wantedOutputs } from './wanted-outputs.ts';

const SPECS = [
  { name: 'y', datatype: 'FP32', shape: [-1, 3] },
  { name: 't', datatype: 'BYTES', shape: [-1, 1] },
] as const;

type Choice =
  | { readonly case: 'int64Param'; readonly value: bigint }
  | { readonly case: 'boolParam'; readonly value: boolean }
  | { readonly case: 'stringParam'; readonly value: string };

/** Outputs, each with at most one parameter. */
function requestFor(outputs: readonly (readonly [name: string, parameter?: string, choice?: Choice])[]) {
  const message = create(ModelInferRequestSchema, {
    outputs: outputs.map(([name, parameter, parameterChoice]) => ({
      name,
      parameters: parameter && parameterChoice ? { [parameter]: { parameterChoice } } : {},
    })),
  });
  return parseInferRequest(toBinary(ModelInferRequestSchema, message));
}

const classesOf = (request: ReturnType<typeof requestFor>) =>
  wantedClasses(request, SPECS, wantedOutputs(request, SPECS));
const int = (value: bigint): Choice => ({ case: 'int64Param', value });

describe('wantedClasses', () => {
  it('are as many as each output’s parameter says, in the order asked for', () => {
    expect(classesOf(requestFor([['t'], ['y', 'classification', int(2n)]]))).toEqual([0, 2]);
    expect(classesOf(requestFor([['y', 'classification', int(0n)]]))).toEqual([0]);
  });

  it('are left out where no output has parameters', () => {
    expect(classesOf(requestFor([]))).toBeUndefined();
    expect(classesOf(requestFor([['y'], ['t']]))).toBeUndefined();
  });

  it('heed no other parameter', () => {
    expect(classesOf(requestFor([['y', 'binary_data', { case: 'boolParam', value: true }]]))).toEqual([0]);
  });

  it.each<[string, ReturnType<typeof requestFor>, string, string]>([
    ['texts', requestFor([['t', 'classification', int(1n)]]), 'PARAMETER_INVALID', 'classification'],
    [
      'a negative number',
      requestFor([['y', 'classification', int(-1n)]]),
      'PARAMETER_INVALID',
      'classification',
    ],
    [
      'no number',
      requestFor([['y', 'classification', { case: 'stringParam', value: '1' }]]),
      'PARAMETER_INVALID',
      'classification',
    ],
    [
      'shared memory',
      requestFor([['y', 'shared_memory_region', { case: 'stringParam', value: 'r' }]]),
      'SHARED_MEMORY_UNSUPPORTED',
      'shared_memory_region',
    ],
  ])('refuse %s by name', (_case, request, reason, parameter) => {
    expect(() => classesOf(request)).toThrow(
      expect.objectContaining({
        reason,
        fieldViolations: [expect.objectContaining({ field: `outputs[0].parameters[${parameter}]` })],
      }),
    );
  });
});
