import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import type { CheckResult, Outcome } from './outcome.ts';
import { resultLine, totalsOf, totalsTable, writeReport } from './report.ts';

const result = (group: string, outcome: Outcome, reason = ''): CheckResult => ({
  id: `${group}.topic.${outcome}`,
  group,
  title: 'it holds',
  outcome,
  reason,
  durationMs: 1,
});

const RESULTS = [
  result('oip', 'pass'),
  result('oip', 'pass'),
  result('oip', 'fail', 'it does not'),
  result('rest', 'skipped', 'no address'),
  result('rest', 'not offered', 'UNIMPLEMENTED'),
];

describe('the report', () => {
  it('counts results by outcome', () => {
    expect(totalsOf(RESULTS)).toEqual({ pass: 2, fail: 1, 'not offered': 1, skipped: 1 });
  });

  it('tells the reason below the check that did not pass', () => {
    expect(resultLine(result('oip', 'fail', 'it does not'))).toMatch(
      /^ {2}fail +oip\.topic\.fail +it holds\n +it does not$/,
    );
    expect(resultLine(result('oip', 'pass'))).not.toContain('\n');
  });

  it('has one row per group and one for all', () => {
    const rows = totalsTable(RESULTS)
      .split('\n')
      .map((line) => line.trim().split(/\s{2,}/));
    expect(rows).toEqual([
      ['pass', 'fail', 'not offered', 'skipped'],
      ['oip', '2', '1', '0', '0'],
      ['rest', '0', '0', '1', '1'],
      ['all', '2', '1', '1', '1'],
    ]);
  });

  it('is written with its totals', async () => {
    const file = join(await temporaryDirectory(), 'deep/report.json');
    const server = { name: 'foreign', version: '1', extensions: [] };
    writeReport(file, { address: 'a:1', server, seconds: 2, results: RESULTS });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      address: 'a:1',
      server,
      totals: { pass: 2, fail: 1 },
      results: RESULTS,
    });
  });
});
