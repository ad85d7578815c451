import { describe, expect, it } from '@jest/globals';
import { thrown } from '../../test/thrown.ts';
import { BodyBudget } from './body-budget.ts';

describe('the budget of bodies', () => {
  it('is shared, and what a request held comes back once', async () => {
    const budget = new BodyBudget(10);
    const [first, second] = [budget.open(), budget.open()];
    first.take(6);
    second.take(4);
    expect(await thrown(() => second.take(1))).toMatchObject({
      reason: 'TOO_MANY_BODY_BYTES',
      retryAfterMs: 1_000,
    });
    first.giveBack();
    first.giveBack();
    expect(budget.heldBytes).toBe(4);
    second.take(6);
    second.giveBack();
    expect(budget.heldBytes).toBe(0);
  });

  it('takes nothing more for a request that is over', async () => {
    const budget = new BodyBudget(10);
    const held = budget.open();
    held.giveBack();
    expect(await thrown(() => held.take(1))).toMatchObject({ reason: 'BODY_INCOMPLETE' });
    expect(budget.heldBytes).toBe(0);
  });
});
