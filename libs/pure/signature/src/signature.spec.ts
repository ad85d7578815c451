import { describe, expect, it } from '@jest/globals';
import { formatSignature, parseSignature, SignatureError, type Signature } from './index.ts';

const signature: Signature = {
  featureService: 'flight_delay',
  featureServiceVersion: 1,
  inputs: [
    {
      name: 'count_1h',
      datatype: 'INT64',
      shape: [-1, 1],
      feature: 'airport_outcomes:count_1h',
      source: 'outcomes',
    },
    { name: 'extra', datatype: 'FP32', shape: [-1, 1] },
  ],
  outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
};

describe('signature.json', () => {
  it('reads back what it writes', () => {
    expect(parseSignature(formatSignature(signature))).toEqual(signature);
  });

  it('writes equal signatures as equal text, whatever the key order', () => {
    const shuffled = Object.fromEntries(Object.entries(signature).reverse()) as unknown as Signature;
    expect(formatSignature(shuffled)).toBe(formatSignature(signature));
  });

  it.each([
    ['no JSON', '{', 'the file'],
    ['a list', '[]', 'the file'],
    [
      'an input without datatype',
      formatSignature(signature).replace('"datatype":"INT64",', ''),
      'inputs[0].datatype',
    ],
    [
      'a fractional dimension',
      formatSignature(signature).replace('[-1,1]', '[-1,1.5]'),
      'inputs[0].shape[1]',
    ],
  ])('names the faulty part of %s', (_what, text, path) => {
    expect(() => parseSignature(text)).toThrow(SignatureError);
    expect(() => parseSignature(text)).toThrow(path);
  });
});
