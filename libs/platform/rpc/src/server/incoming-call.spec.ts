import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IncomingCall } from './incoming-call.ts';
import { RequestBudget } from './request-budget.ts';
import { StallWatch } from './stall-watch.ts';

function incoming(maxBytes: number) {
  const budget = new RequestBudget(maxBytes);
  const reasons: string[] = [];
  const call = new IncomingCall({
    timeout: undefined,
    budget,
    stalls: new StallWatch(60_000),
  });
  const open = (isStream: boolean): void => {
    call.open({ cancel: ({ reason }) => reasons.push(reason) }, isStream);
  };
  return { budget, call, reasons, open };
}

const message = (sizeBytes: number): Buffer => {
  const bytes = Buffer.alloc(5 + sizeBytes);
  bytes.writeUInt32BE(sizeBytes, 1);
  return bytes;
};

describe('the receiving side of a call', () => {
  it('holds nothing when it is closed, whatever came and was taken', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: 100, max: 5_000 }),
        fc.array(fc.oneof(fc.constant('take'), fc.nat(600)), { maxLength: 30 }),
        (isStream, maxBytes, steps) => {
          const { budget, call, open } = incoming(maxBytes);
          open(isStream);
          for (const step of steps) {
            if (step === 'take') call.taken();
            else call.arrived(message(Number(step)));
            expect(budget.heldBytes).toBeGreaterThanOrEqual(0);
            expect(budget.heldBytes).toBeLessThanOrEqual(maxBytes);
          }
          call.close();
          expect(budget.heldBytes).toBe(0);
          expect(call.arrived(message(1))).toBeUndefined();
          call.unpacked(10);
          call.taken();
          expect(budget.heldBytes).toBe(0);
        },
      ),
    );
  });

  it('fails once and keeps no byte more when the budget is spent', () => {
    const { call, reasons, open } = incoming(1_000);
    open(false);
    expect([call.arrived(message(700)), call.arrived(message(700)), call.arrived(message(1))]).toEqual([
      [],
      undefined,
      undefined,
    ]);
    expect(reasons).toEqual(['TOO_MANY_REQUEST_BYTES']);
  });

  it('holds the messages of a stream until they are taken', () => {
    const { budget, call, open } = incoming(10_000);
    open(true);
    call.arrived(Buffer.concat([message(1_000), message(2_000), message(3_000).subarray(0, 500)]));
    const heldBytes = budget.heldBytes;
    call.taken();
    expect(heldBytes - budget.heldBytes).toBe(1_005);
    call.taken();
    expect(heldBytes - budget.heldBytes).toBe(3_010);
    call.taken();
    expect(heldBytes - budget.heldBytes).toBe(3_010);
  });
});
