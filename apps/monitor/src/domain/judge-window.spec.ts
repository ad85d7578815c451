import { describe, expect, it } from '@jest/globals';
import type { ColumnDrift } from '@plumbline/statistics';
import { SCORE_SOURCE, type ColumnStanding } from './decide-alerts.ts';
import { updateStandings } from './judge-window.ts';

function verdict(name: string, state: ColumnDrift['state']): ColumnDrift {
  return {
    ...{ name, state, source: name === 'score' ? '' : 'outcomes', psi: 1.25, threshold: 0.5, pValue: 0 },
    ...{ qValue: 0.00012, n: 1000, m: 300, nearestStep: 4, overallPsi: 2 },
    ...{ missingRate: 0.5, baselineMissingRate: 0.01 },
  };
}

function streakOf(standings: readonly ColumnStanding[], column: string): string {
  const found = standings.find((standing) => standing.column === column);
  return `${found?.state} ${found?.streak}`;
}

describe('updateStandings', () => {
  it('lengthens a streak, begins a new one, and ignores windows with too few values', () => {
    let standings = updateStandings('v1', [], [verdict('a', 'STABLE')]);
    expect(streakOf(standings, 'a')).toBe('STABLE 1');
    standings = updateStandings('v1', standings, [verdict('a', 'STABLE')]);
    expect(streakOf(standings, 'a')).toBe('STABLE 2');
    standings = updateStandings('v1', standings, [verdict('a', 'INSUFFICIENT_DATA')]);
    expect(streakOf(standings, 'a')).toBe('STABLE 2');
    standings = updateStandings('v1', standings, [verdict('a', 'DRIFTED')]);
    expect(streakOf(standings, 'a')).toBe('DRIFTED 1');
  });

  it('knows nothing of a column that was never judged', () => {
    expect(updateStandings('v1', [], [verdict('a', 'INSUFFICIENT_DATA')])).toEqual([]);
  });

  it('says why, with the figures, and gives the score a source of its own', () => {
    const [standing] = updateStandings('v1', [], [verdict('score', 'DRIFTED')]);
    expect(standing?.source).toBe(SCORE_SOURCE);
    expect(standing?.reason).toBe(
      'score: PSI 1.250 to the most similar stretch of the baseline, threshold 0.500, q = 0.00012, m = 300, ' +
        'n = 1000, PSI to the whole baseline 2.000, missing 50.0 %, in the baseline 1.0 %',
    );
  });
});
