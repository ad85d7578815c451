import { describe, expect, it } from '@jest/globals';
import { decideBatching, isRowed, varianceNotice, type Batching } from './batching.ts';
import type { Invariance } from './invariance.ts';
import { defaultSettings, type InvariancePolicy } from '../settings/model-settings.ts';
import type { ModelSignature } from '../signature.ts';

const settings = (invariance: InvariancePolicy, maxBatchRows = 64) => ({
  ...defaultSettings({ maxBatchRows, runners: 1, device: 'cpu' }),
  invariance,
});
const ALONE: Batching = { rowed: true, together: false, maxRows: 1, padRows: 0 };
const TOGETHER: Batching = { rowed: true, together: true, maxRows: 64, padRows: 0 };
const PINNED: Batching = { rowed: true, together: true, maxRows: 8, padRows: 8 };
const VARIANT: Invariance = { class: 'VARIANT', largestDifference: 0.5 };

describe('decideBatching', () => {
  it.each<[InvariancePolicy['kind'], Invariance, Batching | 'INVARIANCE_REFUSED']>([
    ['alone', { class: 'INVARIANT' }, TOGETHER],
    ['alone', VARIANT, ALONE],
    ['alone', { class: 'UNTESTED' }, ALONE],
    ['serve', VARIANT, TOGETHER],
    ['serve', { class: 'UNTESTED' }, TOGETHER],
    ['pin', { class: 'INVARIANT' }, TOGETHER],
    ['pin', { class: 'INVARIANT', rows: 8 }, PINNED],
    ['pin', { ...VARIANT, rows: 8 }, PINNED],
    ['pin', { class: 'UNTESTED' }, PINNED],
    ['refuse', { class: 'INVARIANT' }, TOGETHER],
    ['refuse', VARIANT, 'INVARIANCE_REFUSED'],
    ['refuse', { class: 'UNTESTED' }, 'INVARIANCE_REFUSED'],
  ])('under the policy %s takes %j to %j', (kind, invariance, expected) => {
    const decide = () =>
      decideBatching(true, settings(kind === 'pin' ? { kind, rows: 8 } : { kind }), invariance);
    if (expected === 'INVARIANCE_REFUSED')
      expect(decide).toThrow(expect.objectContaining({ reason: expected }));
    else expect(decide()).toEqual(expected);
  });

  it('runs every request alone where the model has no rows, whatever the policy', () => {
    const found = decideBatching(false, settings({ kind: 'refuse' }), { class: 'UNTESTED' });
    expect(found).toEqual({ rowed: false, together: false, maxRows: 1, padRows: 0 });
  });
});

describe('isRowed', () => {
  const signature: ModelSignature = {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
  };

  it('heeds settings that say that an open first dimension counts no rows', () => {
    expect(isRowed(signature, settings({ kind: 'alone' }))).toBe(true);
    expect(isRowed(signature, settings({ kind: 'alone' }, 0))).toBe(false);
  });
});

describe('varianceNotice', () => {
  it('says what the policy does to a model whose rows may not share batches', () => {
    expect(varianceNotice(ALONE, settings({ kind: 'alone' }), VARIANT)).toEqual({
      invariance: VARIANT,
      policy: 'alone',
      effect:
        'every request runs alone; to change that, set the parameter plumbline.invariance in config.pbtxt',
    });
    expect(varianceNotice(TOGETHER, settings({ kind: 'serve' }), { class: 'UNTESTED' })).toMatchObject({
      policy: 'serve',
      effect: expect.stringMatching(/^requests share batches all the same;/),
    });
    expect(
      varianceNotice(PINNED, settings({ kind: 'pin', rows: 8 }), { class: 'INVARIANT', rows: 8 }),
    ).toMatchObject({ policy: 'pin' });
  });

  it('says nothing of an invariant model, and of one without rows', () => {
    expect(varianceNotice(TOGETHER, settings({ kind: 'alone' }), { class: 'INVARIANT' })).toBeUndefined();
    const rowless: Batching = { rowed: false, together: false, maxRows: 1, padRows: 0 };
    expect(varianceNotice(rowless, settings({ kind: 'alone' }), { class: 'UNTESTED' })).toBeUndefined();
  });
});
