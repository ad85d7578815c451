import { describe, expect, it } from '@jest/globals';
import type { Signature } from '@plumbline/signature';
import { checkTensor, decodeElements, parseInferRequest, rawInputs } from '@plumbline/tensors';
import type { Scalar, ServedFeatures } from './features.ts';
import { requestBuilder } from './model-inputs.ts';

const signature: Signature = {
  featureService: 's',
  featureServiceVersion: 1,
  inputs: [
    { name: 'share', datatype: 'FP32', shape: [-1, 1], feature: 'v:share' },
    { name: 'count', datatype: 'INT64', shape: [-1, 1], feature: 'v:count' },
  ],
  outputs: [{ name: 'p', datatype: 'FP32', shape: [-1, 1] }],
};

const served = (values: Record<string, Scalar>): ServedFeatures => ({
  names: Object.keys(values),
  values: Object.values(values),
  statuses: [],
  asOfUs: 0n,
  serviceVersion: 1,
  entityRow: Buffer.alloc(0),
  vector: Buffer.alloc(0),
});

function inputs(request: Buffer) {
  return rawInputs(parseInferRequest(request)).map((tensor) => {
    checkTensor(tensor, tensor.name);
    return [tensor.name, decodeElements(tensor.datatype, tensor.raw)[0]];
  });
}

describe('a model’s request', () => {
  const build = requestBuilder('m', signature);

  it('takes each input from its feature, whatever the order they were served in', () => {
    expect(inputs(build(served({ 'v:count': 7n, 'v:share': 0.5 })))).toEqual([
      ['share', 0.5],
      ['count', 7n],
    ]);
  });

  it('gives NULL to floating-point inputs as NaN', () => {
    expect(inputs(build(served({ 'v:share': null, 'v:count': 0n })))[0]).toEqual(['share', Number.NaN]);
  });

  it.each([
    ['a NULL where there is no NaN', { 'v:share': 1, 'v:count': null }],
    ['a feature that was not served', { 'v:share': 1 }],
  ])('refuses %s', (_what, values) => {
    expect(() => build(served(values))).toThrow(expect.objectContaining({ reason: 'FEATURE_MISSING' }));
  });
});
