import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CallOutbox } from './call-outbox.ts';
import { sizedCall } from './encode-frame.ts';
import { MAX_WRITTEN_ITEMS } from './frame-limits.ts';
import { EMPTY_CALL, cancellationOf, type CallItem } from './items.ts';

const KIB = 1024;
const call = (callId: number, payloadBytes = 0): CallItem => ({
  ...EMPTY_CALL,
  callId,
  payload: Buffer.alloc(payloadBytes),
});

const idsOf = (outbox: CallOutbox): number[] => outbox.take().map(({ item }) => item.callId);

function takeAll(outbox: CallOutbox): number[] {
  const ids: number[] = [];
  while (!outbox.isEmpty) ids.push(...idsOf(outbox));
  return ids;
}

describe('the outbox of calls', () => {
  it('hands out what was added and not removed, in order, once', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('add' as const), bytes: fc.nat(2_000) }),
        fc.record({ kind: fc.constant('remove' as const), id: fc.nat(60) }),
        fc.record({ kind: fc.constant('take' as const) }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const outbox = new CallOutbox();
        let model: number[] = [];
        list.forEach((step, id) => {
          if (step.kind === 'add') {
            outbox.add(call(id, step.bytes));
            model.push(id);
          } else if (step.kind === 'remove') {
            outbox.remove(step.id);
            model = model.filter((waiting) => waiting !== step.id);
          } else {
            const taken = idsOf(outbox);
            expect(model.splice(0, taken.length)).toEqual(taken);
          }
        });
        expect(takeAll(outbox)).toEqual(model);
      }),
    );
  });

  it('is full at 32 MiB, and no longer when calls are removed or taken', () => {
    const outbox = new CallOutbox();
    let id = 0;
    while (!outbox.isFull) outbox.add(call(++id, 64 * KIB));
    expect(id).toBe(512);
    outbox.remove(7);
    expect(outbox.isFull).toBe(false);
    outbox.add(call(++id, 64 * KIB));
    expect(outbox.isFull).toBe(true);
    outbox.take();
    expect(outbox.isFull).toBe(false);
  });

  it('counts metadata and texts as well as payloads', () => {
    const outbox = new CallOutbox();
    for (let id = 1; id <= 1_024; id++) outbox.add({ ...call(id), tenant: 'x'.repeat(32 * KIB) });
    expect(outbox.isFull).toBe(true);
    expect(outbox.take()).toHaveLength(15);
  });

  it('forgets cancellations with their stream, and keeps the calls', () => {
    const outbox = new CallOutbox();
    for (let id = 1; id <= 6; id++) outbox.add(id % 2 === 0 ? cancellationOf(id) : call(id));
    outbox.removeCancellations();
    expect(takeAll(outbox)).toEqual([1, 3, 5]);
  });

  it('fills a message with half of the items that a reader takes', () => {
    const outbox = new CallOutbox();
    for (let id = 1; id <= 5_000; id++) outbox.add(call(id));
    expect(MAX_WRITTEN_ITEMS).toBe(2_048);
    expect([1, 2, 3].map(() => outbox.take().length)).toEqual([2_048, 2_048, 904]);
  });

  it('sends a call alone that is larger than a message should be', () => {
    const outbox = new CallOutbox();
    outbox.add(call(1, 600 * KIB));
    outbox.add(call(2));
    expect(idsOf(outbox)).toEqual([1]);
    expect(sizedCall(call(1, 600 * KIB)).sizeBytes).toBeGreaterThan(600 * KIB);
    expect(idsOf(outbox)).toEqual([2]);
  });
});
