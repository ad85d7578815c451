import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { indexKey, lookupKeys } from './event-id.ts';

const NOW_US = 983_404_800_000_000n;
const NOW_MS = Number(NOW_US / 1_000n);
const anyId = fc.uint8Array({ minLength: 16, maxLength: 16 });
const tenants = fc.string();

function mintedAt(ms: number, tail: number): Buffer {
  const id = Buffer.alloc(16, tail);
  id.writeUIntBE(ms, 0, 6);
  id[6] = 0x70 | (tail & 0x0f);
  return id;
}

describe('index keys', () => {
  it('are always among the keys that a lookup tries', () => {
    const instants = fc.bigInt({ min: 0n, max: 1n << 60n });
    const versioned = fc.oneof(
      anyId,
      fc.tuple(fc.nat({ max: 2 ** 47 }), fc.nat(255)).map(([ms, tail]) => mintedAt(ms, tail)),
    );
    fc.assert(
      fc.property(tenants, versioned, instants, (tenant, id, committedAtUs) => {
        expect(lookupKeys(tenant, id)).toContain(indexKey(tenant, id, committedAtUs));
      }),
    );
  });

  it('are shared by ids minted in the same 4 ms, and by no others', () => {
    const window = NOW_MS - (NOW_MS % 4);
    const keys = [0, 1, 2, 3, 4].map((ms) => indexKey('t', mintedAt(window + ms, ms), NOW_US));
    expect(new Set(keys.slice(0, 4)).size).toBe(1);
    expect(keys[4]).not.toBe(keys[0]);
  });

  it('differ between tenants', () => {
    const id = mintedAt(NOW_MS, 1);
    expect(indexKey('left', id, NOW_US)).not.toBe(indexKey('right', id, NOW_US));
  });

  it.each([
    ['long before its commit', NOW_MS - 60_000],
    ['long after its commit', NOW_MS + 60_000],
  ])('are an id of its own when it claims to have been minted %s', (_, ms) => {
    const keys = [1, 2].map((tail) => indexKey('t', mintedAt(ms, tail), NOW_US));
    expect(keys[0]).not.toBe(keys[1]);
  });
});
