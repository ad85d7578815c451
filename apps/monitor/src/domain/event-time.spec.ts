import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  advanceEventTime,
  BELIEVED_ELSEWHERE,
  dueMidnights,
  dueWindows,
  type EventTime,
} from './event-time.ts';
import { DAY_US, EVALUATION_STEP_US as HOUR_US } from './policy.ts';

const MARCH_US = 983_404_800_000_000n;

function after(...instants: bigint[]): EventTime {
  const state = advanceEventTime(undefined, instants);
  if (state === undefined) throw new Error('no instant');
  return state;
}

describe('event time', () => {
  it('is the newest of nearby instants, in whatever order and batches they come', () => {
    const offsets = fc.array(fc.bigInt({ min: 0n, max: 2n * DAY_US }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(offsets, fc.nat(), (all, cut) => {
        const instants = all.map((offset) => MARCH_US + offset);
        const newest = instants.reduce((a, b) => (a > b ? a : b));
        const half = cut % instants.length;
        const batched = advanceEventTime(
          advanceEventTime(undefined, instants.slice(0, half)),
          instants.slice(half),
        );
        expect(after(...instants).watermarkUs).toBe(newest);
        expect(batched).toEqual(after(...instants));
      }),
    );
  });

  it('does not follow a stray prediction of years later or earlier', () => {
    for (const stray of [MARCH_US + 9000n * DAY_US, 1n]) {
      const state = after(MARCH_US, stray, MARCH_US + HOUR_US);
      expect(state).toMatchObject({ watermarkUs: MARCH_US + HOUR_US, elsewhere: 0 });
    }
  });

  it('moves where predictions keep coming, even if the first was the stray one', () => {
    const replayed = Array.from({ length: BELIEVED_ELSEWHERE }, (_, i) => MARCH_US + BigInt(i));
    const moved = after(MARCH_US + 9000n * DAY_US, ...replayed);
    expect(moved).toMatchObject({
      watermarkUs: MARCH_US + BigInt(BELIEVED_ELSEWHERE - 1),
      judgedUntilUs: MARCH_US,
      announcedUntilUs: MARCH_US,
      elsewhere: 0,
    });
    expect(after(MARCH_US + 9000n * DAY_US, ...replayed.slice(1)).watermarkUs).toBe(
      MARCH_US + 9000n * DAY_US,
    );
  });
});

describe('dueWindows', () => {
  it('ends at every whole step that the watermark has left behind by the lateness', () => {
    const state = { ...after(MARCH_US + 1n), watermarkUs: MARCH_US + 3n * HOUR_US + 10n };
    expect(dueWindows(state, 10n)).toEqual([1n, 2n, 3n].map((hour) => MARCH_US + hour * HOUR_US));
    expect(dueWindows(state, 11n)).toHaveLength(2);
    expect(dueWindows({ ...state, judgedUntilUs: MARCH_US + 3n * HOUR_US }, 10n)).toEqual([]);
  });
});

describe('dueMidnights', () => {
  const state = after(MARCH_US + DAY_US / 2n, MARCH_US + DAY_US + 5n);

  it('are those that the labels have reached and that were not announced', () => {
    expect(dueMidnights(state, MARCH_US + DAY_US - 1n)).toEqual([]);
    expect(dueMidnights(state, MARCH_US + DAY_US)).toEqual([MARCH_US + DAY_US]);
    const announced = { ...state, announcedUntilUs: MARCH_US + DAY_US };
    expect(dueMidnights(announced, MARCH_US + DAY_US)).toEqual([]);
  });

  it('never run more than a day ahead of the predictions', () => {
    expect(dueMidnights(state, MARCH_US + 9000n * DAY_US)).toEqual([
      MARCH_US + DAY_US,
      MARCH_US + 2n * DAY_US,
    ]);
  });
});
