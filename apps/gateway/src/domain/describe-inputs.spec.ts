import { describe, expect, it } from '@jest/globals';
import { buildInferRequest, encodeElements, type RawTensor } from '@plumbline/tensors';
import { describeInputs } from './describe-inputs.ts';

const SIGNATURE = {
  featureService: 'flights',
  featureServiceVersion: 1,
  inputs: [{ name: 'share', datatype: 'FP32', shape: [-1, 1], feature: 'v:share', source: 'outcomes' }],
  outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
};
const describing = (input: RawTensor) =>
  describeInputs(SIGNATURE, buildInferRequest({ modelName: 'delay', inputs: [input] }));

describe('describeInputs', () => {
  it('names inputs by their features and takes the first row', () => {
    const raw = encodeElements('FP32', [0.5, 0.25]);
    expect(describing({ name: 'share', datatype: 'FP32', shape: [2, 1], raw })).toEqual({
      featureNames: ['v:share'],
      featureValues: [0.5],
    });
  });

  it('leaves out tensors that are more than a value per row', () => {
    const raw = encodeElements('FP32', [0.5, 0.25]);
    expect(describing({ name: 'share', datatype: 'FP32', shape: [1, 2], raw }).featureNames).toEqual([]);
  });

  it.each([
    ['of an unknown datatype', { datatype: 'FP7', raw: Buffer.alloc(4) }],
    ['with too few bytes', { datatype: 'FP32', raw: Buffer.alloc(3) }],
    ['whose text reaches past its end', { datatype: 'BYTES', raw: Buffer.from([9, 0, 0, 0]) }],
  ])('describes a tensor %s as NULL and leaves it to inference', (_what, change) => {
    expect(describing({ name: 'share', shape: [1, 1], ...change }).featureValues).toEqual([null]);
  });

  it('refuses bytes that are no request', () => {
    expect(() => describeInputs(SIGNATURE, Buffer.from([0x2a, 0xff]))).toThrow(
      expect.objectContaining({ reason: 'REQUEST_MALFORMED' }),
    );
  });
});
