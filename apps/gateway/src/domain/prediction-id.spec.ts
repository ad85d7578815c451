import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mintUuidV7, predictionId, uuidBytes, uuidText } from './prediction-id.ts';

describe('prediction ids', () => {
  it('are minted as UUID version 7 that sort by time', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 57n }), (nowUs) => {
        const id = mintUuidV7(nowUs);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(BigInt(`0x${id.replaceAll('-', '').slice(0, 12)}`)).toBe((nowUs / 1000n) & 0xffffffffffffn);
      }),
    );
  });

  it('read back from their bytes', () => {
    const id = mintUuidV7(1n);
    expect(uuidText(uuidBytes(id))).toBe(id);
  });

  it('are taken from the caller in lower case', () => {
    expect(predictionId('0190F3A2-0000-7000-8000-00000000000A', 0n)).toBe(
      '0190f3a2-0000-7000-8000-00000000000a',
    );
  });

  it.each(['x', '0190f3a2-0000-7000-8000-00000000000', '{0190f3a2-0000-7000-8000-00000000000a}'])(
    'refuse %s',
    (sent) => {
      expect(() => predictionId(sent, 0n)).toThrow(
        expect.objectContaining({ reason: 'PREDICTION_ID_INVALID' }),
      );
    },
  );
});
