import { describe, expect, it } from '@jest/globals';
import { InOrder } from './in-order.ts';

describe('InOrder', () => {
  it('does at once what need not wait', () => {
    const done: number[] = [];
    const order = new InOrder();
    order.do(() => void done.push(1));
    expect(done).toEqual([1]);
  });

  it('keeps the order, whichever of the things take time', async () => {
    const done: number[] = [];
    const order = new InOrder();
    const first = Promise.withResolvers<void>();
    order.do(() => first.promise.then(() => void done.push(1)));
    order.do(() => void done.push(2));
    order.do(async () => void done.push(3));
    const end = new Promise<void>((resolve) => order.do(resolve));
    expect(done).toEqual([]);
    first.resolve();
    await end;
    expect(done).toEqual([1, 2, 3]);
    await Promise.resolve();
  });

  it('does at once again when all is done', async () => {
    const order = new InOrder();
    await new Promise<void>((resolve) => order.do(async () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
    let done = false;
    order.do(() => {
      done = true;
    });
    expect(done).toBe(true);
  });
});
