import { describe, expect, it } from '@jest/globals';
import { WaitingLine } from './waiting-line.ts';

const patient = () => ({ signal: new AbortController().signal, remainingMs: () => 1_000 });
const itemsOf = (taken: readonly { readonly item: string }[]) => taken.map(({ item }) => item);

describe('WaitingLine', () => {
  it('takes items in the order of arrival as long as they fit, and at least one', async () => {
    const line = new WaitingLine<string, string>();
    const joined = ['a', 'b', 'c'].map((item) => line.join(item, patient()));
    const first = line.take((item) => item === 'b');
    const second = line.take(() => false);
    expect([itemsOf(first), itemsOf(second), line.size]).toEqual([['a', 'b'], ['c'], 0]);
    for (const { item, resolve } of [...first, ...second]) resolve(`${item} done`);
    expect(await Promise.all(joined)).toEqual(['a done', 'b done', 'c done']);
  });

  it('lets an item go at once when its caller gives up, and tells why', async () => {
    const line = new WaitingLine<string, string>();
    const leaving = new AbortController();
    const left = line.join('a', { ...patient(), signal: leaving.signal });
    void line.join('b', patient());
    leaving.abort(new Error('gone'));
    expect(line.size).toBe(1);
    await expect(left).rejects.toThrow('gone');
    expect(itemsOf(line.take(() => true))).toEqual(['b']);
  });

  it('does not admit a caller who has gone already', async () => {
    const line = new WaitingLine<string, string>();
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(line.join('a', { ...patient(), signal })).rejects.toThrow('gone');
    expect(line.size).toBe(0);
  });

  it('leaves a taken item to its taker, whatever its caller does', async () => {
    const line = new WaitingLine<string, string>();
    const leaving = new AbortController();
    const joined = line.join('a', { ...patient(), signal: leaving.signal });
    const [taken] = line.take(() => true);
    leaving.abort(new Error('gone'));
    taken!.resolve('done');
    expect(await joined).toBe('done');
  });
});
