import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OpenStreams } from './open-streams.ts';

/** How many streams are opened next, and which of those that were opened is closed then. */
const steps = fc.array(
  fc.record({ opened: fc.nat(400), closed: fc.array(fc.nat(4_000), { maxLength: 400 }) }),
);

describe('OpenStreams', () => {
  it('finds what a Map would find, however long a stream stays open', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const streams = new OpenStreams<string>();
        const oracle = new Map<number, string>();
        let nextId = 1;
        for (const { opened, closed } of sequence) {
          for (let n = 0; n < opened; n++, nextId += 2) {
            streams.add(nextId, `call ${nextId}`);
            oracle.set(nextId, `call ${nextId}`);
          }
          for (const nth of closed) {
            const streamId = 2 * nth + 1;
            expect(streams.take(streamId)).toBe(oracle.get(streamId));
            oracle.delete(streamId);
          }
          expect(streams.size).toBe(oracle.size);
        }
        expect(streams.takeAll().sort()).toEqual([...oracle.values()].sort());
        expect(streams.size).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
