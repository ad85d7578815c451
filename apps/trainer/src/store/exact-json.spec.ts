import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromExactJson, toExactJson } from './exact-json.ts';

describe('exact JSON', () => {
  it('gives back what it was given, big integers and NaN included', () => {
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.bigInt(),
        fc.double({ noDefaultInfinity: true }).map((double) => double + 0),
        fc.string(),
        fc.boolean(),
        fc.array(tie('value')),
        fc.dictionary(fc.stringMatching(/^[a-z]+$/), tie('value'), { noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, (each) => {
        expect(fromExactJson(JSON.parse(toExactJson(each)))).toEqual(each);
      }),
    );
  });
});
