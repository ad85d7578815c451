import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tenantDigest } from './event-id.ts';
import { packSegment, unpackSegment, type SegmentShape } from './segment-codec.ts';

/** Entries of one length: any bytes, some of them shared, with the true tenant digest in some. */
const segments = fc
  .record({ idOffset: fc.nat(20), between: fc.nat(20), after: fc.nat(40), tenant: fc.string() })
  .chain(({ idOffset, between, after, tenant }) => {
    const tenantDigestOffset = idOffset + 16 + between;
    const length = tenantDigestOffset + 32 + after;
    const entry = fc.uint8Array({ minLength: length, maxLength: length });
    const few = fc.uint8Array({ minLength: length, maxLength: length, max: 1 });
    const entries = fc.array(fc.oneof(entry, few), { minLength: 1, maxLength: 20 });
    return fc.record({
      tenant: fc.constant(tenant),
      entries,
      shape: fc.constant({ idOffset, tenantDigestOffset }),
    });
  });

describe('packed segments', () => {
  it('give back every byte, whatever the entries hold', () => {
    fc.assert(
      fc.property(segments, ({ tenant, entries, shape }) => {
        const unpacked = unpackSegment(packSegment(entries, tenant, shape), tenant);
        expect(unpacked).toEqual(entries.map((entry) => Buffer.from(entry)));
      }),
    );
  });

  it('spend on each entry only what tells it from the others', () => {
    const shape: SegmentShape = { idOffset: 2, tenantDigestOffset: 20 };
    const shared = randomBytes(150);
    const entries = Array.from({ length: 64 }, () => {
      const entry = Buffer.from(shared);
      randomBytes(16).copy(entry, 2);
      tenantDigest('airline', entry.subarray(2, 18)).copy(entry, 20);
      return entry;
    });
    const packed = packSegment(entries, 'airline', shape);
    expect(packed.length).toBe(8 + 150 + 19 + 64 * 16);
  });

  it('hold a single entry', () => {
    const entry = randomBytes(60);
    const packed = packSegment([entry], 't', { idOffset: 0, tenantDigestOffset: 16 });
    expect(unpackSegment(packed, 't')).toEqual([entry]);
  });

  it('read from any place in a larger buffer', () => {
    const entry = randomBytes(60);
    const packed = packSegment([entry], 't', { idOffset: 0, tenantDigestOffset: 16 });
    const shifted = Buffer.concat([Buffer.alloc(3), packed]).subarray(3);
    expect(unpackSegment(shifted, 't')).toEqual([entry]);
  });
});
