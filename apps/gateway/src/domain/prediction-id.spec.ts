import { describe, expect, it } from '@jest/globals';
import { predictionId } from './prediction-id.ts';

describe('prediction ids', () => {
  it('are minted where the caller sends none', () => {
    expect(predictionId('', 1_000n)).toMatch(/^00000000-0001-7/);
    expect(predictionId(undefined, 0n)).not.toBe(predictionId(undefined, 0n));
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
