import { describe, expect, it } from '@jest/globals';
import { decideAlerts, SCORE_SOURCE, type Alert, type ColumnStanding } from './decide-alerts.ts';

const policy = { fireAfter: 2, fireScoreAfter: 6, clearAfter: 3 };

function standing(
  column: string,
  state: ColumnStanding['state'],
  streak: number,
  digest = 'v1',
): ColumnStanding {
  const source = column === 'score' ? SCORE_SOURCE : column.startsWith('r:') ? 'request' : 'outcomes';
  return { digest, column, source, state, streak, reason: `${column} moved` };
}

function firing(source: string, columns: string[]): Alert {
  const reasons = columns.map((column) => `${column} had moved`);
  const fired = { firedAtUs: 5n, clearedAtUs: undefined };
  return { alertId: `old-${source}`, model: 'm', digest: 'v1', source, columns, reasons, ...fired };
}

function decide(standings: ColumnStanding[], open: Alert[] = []): Alert[] {
  let next = 0;
  return decideAlerts({ model: 'm', standings, firing: open }, policy, 9n, () => `new-${next++}`);
}

describe('decideAlerts', () => {
  it('fires one alert per source, naming all of its columns in order', () => {
    const alerts = decide([
      standing('b', 'DRIFTED', 2),
      standing('a', 'DRIFTED', 7),
      standing('r:hour', 'DRIFTED', 2),
    ]);
    expect(alerts).toEqual([
      {
        ...{ alertId: 'new-0', model: 'm', digest: 'v1', source: 'outcomes' },
        ...{ columns: ['a', 'b'], reasons: ['a moved', 'b moved'], firedAtUs: 9n, clearedAtUs: undefined },
      },
      expect.objectContaining({ alertId: 'new-1', source: 'request', columns: ['r:hour'] }),
    ]);
  });

  it('does not fire on a drift that has not lasted', () => {
    expect(decide([standing('a', 'DRIFTED', 1), standing('b', 'STABLE', 9)])).toEqual([]);
  });

  it('grows a firing alert by new columns, keeping what it said, and stays silent without any', () => {
    const open = firing('outcomes', ['b']);
    const both = [standing('a', 'DRIFTED', 2), standing('b', 'DRIFTED', 4)];
    expect(decide(both, [open])).toEqual([
      { ...open, columns: ['a', 'b'], reasons: ['a moved', 'b had moved'] },
    ]);
    expect(decide([standing('b', 'DRIFTED', 5)], [open])).toEqual([]);
  });

  it('names a column once that several versions see drift', () => {
    const [alert] = decide([standing('a', 'DRIFTED', 2, 'v1'), standing('a', 'DRIFTED', 3, 'v2')]);
    expect(alert?.columns).toEqual(['a']);
  });

  it('adds a shifted score to the alert of its cause', () => {
    const [alert, ...others] = decide([standing('a', 'DRIFTED', 2), standing('score', 'DRIFTED', 2)]);
    expect(alert).toMatchObject({ source: 'outcomes', columns: ['a', 'score'] });
    expect(others).toEqual([]);
  });

  it('gives a score without a cause an alert of its own, but only after longer', () => {
    expect(decide([standing('score', 'DRIFTED', 5)])).toEqual([]);
    expect(decide([standing('score', 'DRIFTED', 6)])).toMatchObject([
      { source: SCORE_SOURCE, columns: ['score'] },
    ]);
    expect(decide([standing('score', 'DRIFTED', 6)], [firing('outcomes', ['a'])])).toEqual([]);
  });

  it('clears when every column has been stable for long enough in some version and drifts in none', () => {
    const open = firing('outcomes', ['a', 'b']);
    const stable = [standing('a', 'STABLE', 3), standing('b', 'STABLE', 8)];
    expect(decide(stable, [open])).toEqual([{ ...open, clearedAtUs: 9n }]);
    expect(decide([standing('a', 'STABLE', 2), standing('b', 'STABLE', 8)], [open])).toEqual([]);
    expect(decide([...stable, standing('a', 'DRIFTED', 1, 'v2')], [open])).toEqual([]);
  });

  it('neither clears nor fires without verdicts', () => {
    expect(decide([], [firing('outcomes', ['a'])])).toEqual([]);
    expect(decide([])).toEqual([]);
  });

  it('never clears an alert that grows in the same decision', () => {
    const open = firing('outcomes', ['a']);
    const decided = decide([standing('a', 'STABLE', 5), standing('b', 'DRIFTED', 2)], [open]);
    expect(decided).toMatchObject([{ columns: ['a', 'b'], clearedAtUs: undefined }]);
  });
});
