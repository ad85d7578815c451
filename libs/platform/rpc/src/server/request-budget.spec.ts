import { describe, expect, it } from '@jest/globals';
import { RequestBudget } from './request-budget.ts';

const KIB = 1024;

describe('the budget of request bytes', () => {
  it('leaves its last quarter to calls of up to 64 KiB', () => {
    const budget = new RequestBudget(1_000 * KIB);
    expect(budget.take(750 * KIB, 750 * KIB)).toBe(true);
    expect(budget.take(1, 64 * KIB + 1)).toBe(false);
    expect(budget.take(250 * KIB, 64 * KIB)).toBe(true);
    expect(budget.take(1, 1)).toBe(false);
    expect(budget.heldBytes).toBe(1_000 * KIB);
  });

  it('takes again what was given back', () => {
    const budget = new RequestBudget(100);
    expect(budget.take(100, 100)).toBe(true);
    budget.giveBack(40);
    expect(budget.take(41, 41)).toBe(false);
    expect(budget.take(40, 40)).toBe(true);
  });
});
