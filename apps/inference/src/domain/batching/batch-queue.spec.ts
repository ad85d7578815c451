import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BatchQueue, type Lapse, type SealedBatch } from './batch-queue.ts';
import type { QueuePolicy } from '../settings/queue-policy.ts';
import type { Queued } from './waiting.ts';

interface Item extends Queued {
  readonly id: number;
}

const item = (id: number, over: Partial<Item> = {}): Item => ({
  id,
  rows: 1,
  bucket: 'a',
  level: 0,
  deadlineMs: Infinity,
  timeoutMs: Infinity,
  isCancelled: false,
  isCancellable: false,
  ...over,
});

const policy = (over: Partial<QueuePolicy> = {}): QueuePolicy => ({
  timeoutAction: 'REJECT',
  defaultTimeoutUs: 0,
  allowTimeoutOverride: true,
  maxQueuedRequests: 0,
  ...over,
});

const queueOf = (maxRows: number, capacityRows: number, policies = [policy()]) => {
  const dropped: [number, Lapse][] = [];
  const watched = new Map<number, () => void>();
  const queue = new BatchQueue<Item>({
    maxRows,
    capacityRows,
    policies,
    drop: ({ id }, lapse) => dropped.push([id, lapse]),
    watch: ({ id }, leave) => watched.set(id, leave),
  });
  return { queue, dropped, watched };
};

const ids = (batch: SealedBatch<Item> | undefined) => batch?.slices.map(({ item: { id } }) => id) ?? [];

/** What BatchQueue promises, by sorting everything anew for every batch. */
class SortingQueue {
  waiting: { item: Item; left: number; arrival: number; rank: number; delayed: number }[] = [];
  readonly #maxRows: number;
  readonly #policies: readonly QueuePolicy[];
  #events = 0;

  constructor(maxRows: number, policies: readonly QueuePolicy[]) {
    this.#maxRows = maxRows;
    this.#policies = policies;
  }

  offer(offered: Item): void {
    const rank = offered.level;
    this.waiting.push({ item: offered, left: offered.rows, arrival: this.#events++, rank, delayed: 0 });
  }

  sweep(nowMs: number): void {
    this.waiting = this.waiting.filter(({ item: { deadlineMs } }) => nowMs < deadlineMs);
    const late = this.waiting.filter(
      ({ item: { timeoutMs, rows }, left, rank }) =>
        nowMs >= timeoutMs && left === rows && rank < this.#policies.length,
    );
    for (const entry of late) {
      if (this.#policies[entry.item.level]?.timeoutAction === 'DELAY') {
        Object.assign(entry, { rank: entry.rank + this.#policies.length, delayed: this.#events++ });
      } else this.waiting = this.waiting.filter((other) => other !== entry);
    }
  }

  seal(): [number, number][] {
    const inLine = (bucket: string) =>
      this.waiting
        .filter(({ item: { bucket: own } }) => own === bucket)
        .sort((a, b) => a.rank - b.rank || a.delayed - b.delayed || a.arrival - b.arrival);
    const heads = [...new Set(this.waiting.map(({ item: { bucket } }) => bucket))].map(
      (bucket) => inLine(bucket)[0],
    );
    heads.sort((a, b) => (a?.rank ?? 0) - (b?.rank ?? 0) || (a?.arrival ?? 0) - (b?.arrival ?? 0));
    const slices: [number, number][] = [];
    let space = this.#maxRows;
    for (const entry of heads[0] === undefined ? [] : inLine(heads[0].item.bucket)) {
      const oversized = entry.item.rows > this.#maxRows;
      if (space === 0 || (!oversized && entry.left > space)) break;
      const rows = Math.min(entry.left, space);
      slices.push([entry.item.id, rows]);
      space -= rows;
      entry.left -= rows;
    }
    this.waiting = this.waiting.filter(({ left }) => left > 0);
    return slices;
  }
}

describe('BatchQueue', () => {
  it('seals what waits, up to the largest batch, in the order of arrival', () => {
    const { queue } = queueOf(4, 100);
    for (const id of [1, 2, 3]) queue.offer(item(id, { rows: 2 }), 0);
    expect(queue.seal(0)).toMatchObject({
      rows: 4,
      slices: [
        { item: { id: 1 }, fromRow: 0, rows: 2, atRow: 0 },
        { item: { id: 2 }, fromRow: 0, rows: 2, atRow: 2 },
      ],
    });
    expect(queue.seal(0)).toMatchObject({ rows: 2, slices: [{ item: { id: 3 } }] });
    expect(queue.seal(0)).toBeUndefined();
  });

  it('never splits a request that fits into a batch', () => {
    const { queue } = queueOf(4, 100);
    queue.offer(item(1, { rows: 3 }), 0);
    queue.offer(item(2, { rows: 2 }), 0);
    expect(queue.seal(0)).toMatchObject({ rows: 3 });
    expect(queue.seal(0)).toMatchObject({ rows: 2, slices: [{ item: { id: 2 }, rows: 2 }] });
  });

  it('splits a request that is larger than a batch and fills up behind it', () => {
    const { queue } = queueOf(4, 100);
    queue.offer(item(1, { rows: 9 }), 0);
    queue.offer(item(2, { rows: 3 }), 0);
    expect(queue.seal(0)).toMatchObject({ slices: [{ fromRow: 0, rows: 4 }] });
    expect(queue.seal(0)).toMatchObject({ slices: [{ fromRow: 4, rows: 4 }] });
    expect(queue.seal(0)).toMatchObject({
      rows: 4,
      slices: [
        { item: { id: 1 }, fromRow: 8, rows: 1, atRow: 0 },
        { item: { id: 2 }, fromRow: 0, rows: 3, atRow: 1 },
      ],
    });
  });

  it('drops expired and cancelled requests when it seals', () => {
    const { queue, dropped } = queueOf(4, 100);
    queue.offer(item(1, { deadlineMs: 5 }), 0);
    queue.offer(item(2, { isCancelled: true }), 0);
    queue.offer(item(3), 0);
    expect(queue.seal(5)).toMatchObject({ rows: 1, slices: [{ item: { id: 3 } }] });
    expect(dropped).toEqual([
      [1, 'expired'],
      [2, 'cancelled'],
    ]);
  });

  it('makes room for a request by dropping lapsed ones before it refuses', () => {
    const { queue, dropped } = queueOf(4, 4);
    queue.offer(item(1, { rows: 4, deadlineMs: 5 }), 0);
    expect(queue.offer(item(2), 4)).toBe(false);
    expect(queue.offer(item(3), 5)).toBe(true);
    expect(dropped).toEqual([[1, 'expired']]);
    expect(queue.rows).toBe(1);
  });

  it('accepts one request of any size when it is empty', () => {
    const { queue } = queueOf(4, 4);
    expect(queue.offer(item(1, { rows: 100 }), 0)).toBe(true);
    expect(queue.offer(item(2), 0)).toBe(false);
  });

  it('seals the most urgent first: by priority, then by arrival, over all buckets', () => {
    const { queue } = queueOf(2, 100, [policy(), policy()]);
    queue.offer(item(1, { level: 1, bucket: 'a' }), 0);
    queue.offer(item(2, { level: 1, bucket: 'b' }), 0);
    queue.offer(item(3, { level: 0, bucket: 'b' }), 0);
    queue.offer(item(4, { level: 0, bucket: 'c' }), 0);
    expect(ids(queue.seal(0))).toEqual([3, 2]);
    expect(ids(queue.seal(0))).toEqual([4]);
    expect(ids(queue.seal(0))).toEqual([1]);
  });

  it('rejects what waited longer than its policy lets it', () => {
    const { queue, dropped } = queueOf(4, 100);
    queue.offer(item(1, { timeoutMs: 5, deadlineMs: 9 }), 0);
    queue.offer(item(2, { timeoutMs: 6 }), 0);
    expect(queue.sweepDueMs).toBe(5);
    expect(ids(queue.seal(5))).toEqual([2]);
    expect(dropped).toEqual([[1, 'timed-out']]);
  });

  it('delays what waited too long behind all that did not, of any priority', () => {
    const { queue, dropped } = queueOf(1, 100, [policy({ timeoutAction: 'DELAY' }), policy()]);
    queue.offer(item(1, { timeoutMs: 5 }), 0);
    queue.offer(item(2, { level: 1 }), 0);
    queue.offer(item(3), 6);
    expect([queue.seal(6), queue.seal(6), queue.seal(6)].flatMap(ids)).toEqual([3, 2, 1]);
    expect(dropped).toEqual([]);
  });

  it('lets what has begun to run go on, however long the rest waits', () => {
    const { queue, dropped } = queueOf(4, 100);
    queue.offer(item(1, { rows: 6, timeoutMs: 5 }), 0);
    expect(queue.seal(4)).toMatchObject({ rows: 4 });
    expect(queue.seal(50)).toMatchObject({ rows: 2 });
    expect(dropped).toEqual([]);
  });

  it('forgets what is left of an item that failed', () => {
    const { queue, dropped } = queueOf(4, 100);
    const begun = item(1, { rows: 6 });
    queue.offer(begun, 0);
    queue.offer(item(2), 0);
    queue.forget(begun);
    queue.seal(0);
    queue.forget(begun);
    expect(queue).toMatchObject({ rows: 1, requests: 1 });
    expect(ids(queue.seal(0))).toEqual([2]);
    expect(dropped).toEqual([]);
  });

  it('refuses more requests than a policy lets wait, each priority for itself', () => {
    const { queue } = queueOf(4, 100, [policy({ maxQueuedRequests: 1 }), policy()]);
    expect(queue.offer(item(1), 0)).toBe(true);
    expect(queue.offer(item(2), 0)).toBe(false);
    expect(queue.offer(item(3, { level: 1 }), 0)).toBe(true);
    queue.seal(0);
    expect(queue.offer(item(4), 0)).toBe(true);
  });

  it('has those alone watched that wait for long and can be cancelled, which then leave at once', () => {
    const { queue, dropped, watched } = queueOf(4, 100);
    queue.offer(item(1, { isCancellable: true }), 0);
    queue.offer(item(2), 0);
    queue.offer(item(3, { isCancellable: true }), 8);
    const due = queue.sweepDueMs;
    queue.sweep(due);
    expect([...watched.keys()]).toEqual([1]);
    watched.get(1)?.();
    watched.get(1)?.();
    expect(dropped).toEqual([[1, 'cancelled']]);
    expect(queue).toMatchObject({ rows: 2, requests: 2, sweepDueMs: 18 });
    expect(ids(queue.seal(due))).toEqual([2, 3]);
    expect(queue.sweepDueMs).toBe(Infinity);
  });

  it('shows the batch that it would seal', () => {
    const { queue } = queueOf(8, 100);
    queue.offer(item(1, { rows: 3 }), 1);
    queue.offer(item(2, { rows: 1, deadlineMs: 50 }), 2);
    const first = queue.preview(3, [4, 6]);
    expect(first).toEqual({
      rows: 4,
      complete: false,
      preferredRows: 4,
      oldestMs: 1,
      newestMs: 2,
      lapseMs: 50,
    });
    queue.offer(item(3, { rows: 5 }), 3);
    expect(queue.preview(3, [4])).toMatchObject({ rows: 4, complete: true, preferredRows: 4 });
    expect(ids(queue.seal(3, 3))).toEqual([1]);
  });

  it('seals as if it sorted everything anew for every batch', () => {
    const offer = fc.record({
      kind: fc.constant('offer' as const),
      rows: fc.integer({ min: 1, max: 9 }),
      bucket: fc.constantFrom('a', 'b', 'c'),
      level: fc.integer({ min: 0, max: 2 }),
      deadlineIn: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 20 })),
      timeoutIn: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 20 })),
    });
    const seal = fc.record({ kind: fc.constant('seal' as const) });
    const commandsOf = fc.array(fc.oneof({ weight: 3, arbitrary: offer }, { weight: 2, arbitrary: seal }), {
      maxLength: 60,
    });
    const actions = fc.array(fc.constantFrom('REJECT' as const, 'DELAY' as const), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(commandsOf, actions, fc.integer({ min: 1, max: 6 }), (commands, byLevel, maxRows) => {
        const policies = byLevel.map((timeoutAction) => policy({ timeoutAction }));
        const { queue } = queueOf(maxRows, Infinity, policies);
        const oracle = new SortingQueue(maxRows, policies);
        commands.forEach((command, nowMs) => {
          if (command.kind === 'offer') {
            const { rows, bucket, level, deadlineIn, timeoutIn } = command;
            const [deadlineMs, timeoutMs] = [nowMs + deadlineIn, nowMs + timeoutIn];
            const offered = item(nowMs, { rows, bucket, level, deadlineMs, timeoutMs });
            queue.offer(offered, nowMs);
            oracle.offer(offered);
            return;
          }
          queue.sweep(nowMs);
          oracle.sweep(nowMs);
          const preview = queue.preview(nowMs, []);
          const batch = queue.seal(nowMs);
          expect(batch?.slices.map(({ item: { id }, rows }) => [id, rows]) ?? []).toEqual(oracle.seal());
          expect(preview?.rows).toBe(batch?.rows);
          expect(queue.requests).toBe(oracle.waiting.length);
          expect(queue.rows).toBe(oracle.waiting.reduce((sum, { left }) => sum + left, 0));
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('loses, doubles and mixes no row, whatever comes', () => {
    const offer = fc.record({
      kind: fc.constant('offer' as const),
      rows: fc.integer({ min: 1, max: 12 }),
      bucket: fc.constantFrom('a', 'b', 'c'),
      deadlineMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 40 })),
    });
    const seal = fc.record({ kind: fc.constant('seal' as const) });
    const sweep = fc.record({ kind: fc.constant('sweep' as const) });
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: offer }, { weight: 3, arbitrary: seal }, sweep), {
          maxLength: 40,
        }),
        fc.integer({ min: 1, max: 5 }),
        (commands, maxRows) => {
          const { queue, dropped } = queueOf(maxRows, 30);
          const accepted: Item[] = [];
          const sealed = new Map<number, number>();
          const drain = (nowMs: number) => {
            const batch = queue.seal(nowMs);
            if (batch === undefined) return false;
            const buckets = new Set(batch.slices.map((slice) => slice.item.bucket));
            expect(buckets.size).toBe(1);
            expect(batch.rows).toBeLessThanOrEqual(maxRows);
            let atRow = 0;
            for (const slice of batch.slices) {
              expect(slice.atRow).toBe(atRow);
              expect(slice.fromRow).toBe(sealed.get(slice.item.id) ?? 0);
              expect(slice.item.deadlineMs).toBeGreaterThan(nowMs);
              sealed.set(slice.item.id, slice.fromRow + slice.rows);
              atRow += slice.rows;
            }
            expect(batch.rows).toBe(atRow);
            return true;
          };
          commands.forEach((command, nowMs) => {
            if (command.kind === 'seal') drain(nowMs);
            else if (command.kind === 'sweep') queue.sweep(nowMs);
            else {
              const { rows, bucket, deadlineMs } = command;
              const offered = item(accepted.length, { rows, bucket, deadlineMs });
              if (queue.offer(offered, nowMs)) accepted.push(offered);
            }
          });
          while (drain(commands.length));
          expect(queue.rows).toBe(0);
          const lapsed = new Set(dropped.map(([id]) => id));
          expect(lapsed.size).toBe(dropped.length);
          for (const { id, rows } of accepted) {
            if (lapsed.has(id)) expect(sealed.get(id) ?? 0).toBeLessThan(rows);
            else expect(sealed.get(id)).toBe(rows);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
