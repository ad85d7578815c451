import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DistinctCounter } from './distinct-counter.ts';

const digestOf = (id: number) => createHash('sha256').update(String(id)).digest();

describe('the distinct counter', () => {
  it('counts as a set does', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 400 }), (ids) => {
        const counter = new DistinctCounter(ids.length);
        for (const id of ids) counter.add(digestOf(id));
        expect(counter.size).toBe(new Set(ids).size);
      }),
    );
  });

  it('tells digests apart that share either half, and takes the digest of zeros', () => {
    const counter = new DistinctCounter(8);
    for (const hex of ['0000000000000000', '0000000000000002', '0000000200000000', '0000000200000002']) {
      counter.add(Buffer.from(hex, 'hex'));
      counter.add(Buffer.from(hex, 'hex'));
    }
    expect(counter.size).toBe(4);
  });

  it('refuses more ids than it has room for instead of counting wrongly', () => {
    const counter = new DistinctCounter(4);
    const fill = () => {
      for (let id = 0; id < 100; id++) counter.add(digestOf(id));
    };
    expect(fill).toThrow(RangeError);
  });
});
