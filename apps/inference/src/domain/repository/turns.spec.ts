import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.ts';

describe('Turns', () => {
  it('take one name’s work one after the other, also after a failure, and others’ side by side', async () => {
    const turns = new Turns();
    const order: string[] = [];
    let finish: () => void = () => undefined;
    const first = turns.take('a', async () => {
      order.push('a1');
      await new Promise<void>((resolve) => (finish = resolve));
      throw new Error('broken');
    });
    const second = turns.take('a', async () => void order.push('a2'));
    await turns.take('b', async () => void order.push('b1'));
    expect(order).toEqual(['a1', 'b1']);
    finish();
    await expect(first).rejects.toThrow('broken');
    await second;
    expect(order).toEqual(['a1', 'b1', 'a2']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(turns.size).toBe(0);
  });
});
