import { describe, expect, it } from '@jest/globals';
import { announceLabels, type LabelLedger, type LabelsAdvance } from './announce-labels.ts';
import { advanceEventTime } from './event-time.ts';
import { DAY_US } from './policy.ts';

const MARCH_US = 983_404_800_000_000n;

function ledger(
  completeUntilUs: bigint,
  waiting: number,
): LabelLedger & { readonly announced: LabelsAdvance[] } {
  const announced: LabelsAdvance[] = [];
  const eventTime = advanceEventTime(undefined, [MARCH_US + 1n, MARCH_US + 2n * DAY_US]);
  return {
    announced,
    lockEventTime: async () => eventTime,
    completeUntil: async () => completeUntilUs,
    countWaiting: async () => waiting,
    countJoined: async (_tenant, _model, beforeUs) => Number((beforeUs - MARCH_US) / DAY_US) * 100,
    announce: async (_tenant, _model, announcements) => void announced.push(...announcements),
  };
}

describe('announceLabels', () => {
  it('announces every midnight that labels have reached, with the labels before it', async () => {
    const book = ledger(MARCH_US + 2n * DAY_US + 5n, 0);
    expect(await announceLabels(book, 't', 'm', true)).toBe(false);
    expect(book.announced).toEqual([
      { boundaryUs: MARCH_US + DAY_US, labelsTotal: 100 },
      { boundaryUs: MARCH_US + 2n * DAY_US, labelsTotal: 200 },
    ]);
  });

  it('holds back while labels wait for predictions, until patience ends', async () => {
    const book = ledger(MARCH_US + DAY_US, 3);
    expect(await announceLabels(book, 't', 'm', true)).toBe(true);
    expect(book.announced).toEqual([]);
    expect(await announceLabels(book, 't', 'm', false)).toBe(false);
    expect(book.announced).toHaveLength(1);
  });

  it('leaves a model alone that another replica holds', async () => {
    const book = { ...ledger(MARCH_US + DAY_US, 0), lockEventTime: async () => undefined };
    expect(await announceLabels(book, 't', 'm', true)).toBe(false);
    expect(book.announced).toEqual([]);
  });
});
