import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sumRequest } from '../../../test/fake-runner.ts';
import { afterFailure, batches, failureOf, type BatchFailure } from './after-failure.ts';
import { PendingRequest } from './pending-request.ts';
import { RunFailed, RunnerLost, RunTimedOut } from '../runners/runner.ts';

const pending = (deadlineMs = Infinity, rows = 1) => {
  const x = Array.from({ length: rows }, (_, row) => [row]);
  const request = sumRequest(
    x,
    x.map(() => 0n),
  );
  const item = new PendingRequest(
    request,
    rows,
    { deadlineMs, signal: undefined },
    { level: 0, timeoutUs: Infinity },
    0,
  );
  item.answer.catch(() => undefined);
  return item;
};
const batchOf = (...items: PendingRequest[]) => {
  const [batch] = batches(items.map((item) => ({ item, fromRow: 0, rows: item.rows, atRow: 0 })));
  return batch ?? { slices: [], rows: 0 };
};
const itemsOf = ({ again }: ReturnType<typeof afterFailure>) =>
  again.map(({ slices }) => slices.map(({ item }) => item));

describe('failureOf', () => {
  it.each<[Error, boolean, BatchFailure]>([
    [new RunFailed('no'), true, 'refused'],
    [new RunnerLost('gone'), true, 'crashed'],
    [new RunnerLost('gone'), false, 'bystander'],
    [new RunTimedOut('late'), true, 'timed-out'],
  ])('takes %s, first %s, for %s', (error, first, failure) => {
    expect(failureOf(error, first)).toBe(failure);
  });
});

describe('afterFailure', () => {
  it.each<BatchFailure>(['refused', 'crashed'])('halves a batch that was %s', (failure) => {
    const items = [pending(), pending(Infinity, 3), pending()];
    const after = afterFailure(batchOf(...items), failure, 0, 0);
    expect(itemsOf(after)).toEqual([items.slice(0, 2), items.slice(2)]);
    expect(after.again.map(({ rows, slices }) => [rows, ...slices.map(({ atRow }) => atRow)])).toEqual([
      [4, 0, 1],
      [1, 0],
    ]);
    expect(after.failed).toEqual([]);
  });

  it('fails a request by itself at its second crash, and at its first refusal', () => {
    const item = pending();
    item.crashes = 1;
    expect(itemsOf(afterFailure(batchOf(item), 'crashed', 0, 0))).toEqual([[item]]);
    item.crashes = 2;
    expect(afterFailure(batchOf(item), 'crashed', 0, 0)).toEqual({ again: [], failed: [item] });
    expect(afterFailure(batchOf(pending()), 'refused', 0, 0).failed).toHaveLength(1);
  });

  it('runs a bystander again whole', () => {
    const items = [pending(), pending()];
    expect(itemsOf(afterFailure(batchOf(...items), 'bystander', 0, 0))).toEqual([items]);
  });

  it('runs again after a late run only those whose deadlines leave time for another', () => {
    const [soon, later, open] = [pending(150), pending(151), pending()];
    const after = afterFailure(batchOf(soon, later, open), 'timed-out', 100, 50);
    expect(itemsOf(after)).toEqual([[later]]);
    expect(after.failed).toEqual([soon, open]);
    expect(afterFailure(batchOf(later), 'timed-out', 100, 50).failed).toEqual([later]);
  });

  it('leaves out those that were answered meanwhile', () => {
    const [gone, here] = [pending(), pending()];
    gone.settle(new Error('cancelled'));
    expect(itemsOf(afterFailure(batchOf(gone, here), 'crashed', 0, 0))).toEqual([[here]]);
  });

  it('finds one poisonous request among n in at most 2 + log2 n crashes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.nat(), (count, at) => {
        const items = Array.from({ length: count }, () => pending());
        const poison = items[at % count];
        let crashes = 0;
        const failed: PendingRequest[] = [];
        for (let line = [batchOf(...items)], next = line.pop(); next !== undefined; next = line.pop()) {
          if (!next.slices.some(({ item }) => item === poison)) continue;
          crashes++;
          for (const { item } of next.slices) item.crashes++;
          const after = afterFailure(next, 'crashed', 0, 0);
          line.push(...after.again);
          failed.push(...after.failed);
        }
        expect(failed).toEqual([poison]);
        expect(crashes).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(count)));
      }),
    );
  });
});
