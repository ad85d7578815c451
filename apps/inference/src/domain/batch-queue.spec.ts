import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BatchQueue, type Lapse, type Queued } from './batch-queue.ts';

interface Item extends Queued {
  readonly id: number;
}

const item = (id: number, over: Partial<Item> = {}): Item => ({
  id,
  rows: 1,
  bucket: 'a',
  deadlineMs: Infinity,
  signal: undefined,
  ...over,
});

const queueOf = (maxRows: number, capacity: number) => {
  const dropped: [number, Lapse][] = [];
  return {
    queue: new BatchQueue<Item>(maxRows, capacity, ({ id }, lapse) => dropped.push([id, lapse])),
    dropped,
  };
};

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
    queue.offer(item(2, { signal: AbortSignal.abort() }), 0);
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
