import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createLog } from '@plumbline/service';
import type { ListedVersion } from './domain/traffic.ts';
import { VersionLog } from './version-log.ts';

const VERSION: ListedVersion = {
  digest: 'sha256:a',
  files: [],
  owners: [{ tenant: 'default', model: 'flights', number: 3 }],
};

/** What the service's own log writes, which leaves out fields that are not declared. */
function logged(write: (told: VersionLog) => void): unknown[] {
  const lines: unknown[] = [];
  const destination = new Writable({
    write: (line: Buffer, _encoding, done) => {
      lines.push(JSON.parse(line.toString()));
      done();
    },
  });
  write(
    new VersionLog(createLog({ service: 'inference', destination }), () => [
      {
        version: VERSION,
        state: 'READY',
        serving: undefined,
        facts: undefined,
        failure: undefined,
        statistics: undefined,
      },
    ]),
  );
  return lines;
}

const named = { digest: 'sha256:a', model: 'flights', modelVersion: '3' };

describe('the log of versions', () => {
  it('tells class, difference, pin and policy of a model whose rows may not share batches', () => {
    const pinned = { class: 'VARIANT', largestDifference: 0.5, rows: 8 } as const;
    const unlike = { class: 'VARIANT', largestDifference: Infinity } as const;
    const lines = logged((told) => {
      told.varies(VERSION, { invariance: pinned, policy: 'pin', effect: 'every batch is filled up' });
      told.varies(VERSION, { invariance: unlike, policy: 'alone', effect: 'every request runs alone' });
      told.varies(VERSION, { invariance: { class: 'UNTESTED' }, policy: 'serve', effect: 'none' });
    });
    expect(lines).toMatchObject([
      {
        level: 'warn',
        ...named,
        invariance: { class: 'VARIANT', largestDifference: '0.5', rows: 8 },
        policy: 'pin',
        detail: 'every batch is filled up',
      },
      { invariance: { class: 'VARIANT', largestDifference: 'Infinity' }, policy: 'alone' },
      { invariance: { class: 'UNTESTED' }, policy: 'serve' },
    ]);
  });

  it('leaves out nothing of what it tells', () => {
    const lines = logged((told) => {
      told.varies(VERSION, { invariance: { class: 'UNTESTED' }, policy: 'alone', effect: 'none' });
      told.refused(VERSION, 'out of range');
      told.runnerLost('sha256:a', new Error('killed'));
      told.failedUnexpectedly('sha256:a', new Error('a defect'));
      told.changed('sha256:a', 'READY', undefined);
      told.changed('sha256:a', 'FAILED', { digest: 'sha256:a', reason: 'MODEL_INVALID', detail: 'no model' });
      told.started('/models');
    });
    expect(lines).toHaveLength(7);
    for (const line of lines) expect(line).not.toHaveProperty('undeclared');
    for (const line of lines.slice(0, -1)) expect(line).toMatchObject(named);
    expect(lines[1]).toMatchObject({ error: 'out of range' });
    expect(lines[5]).toMatchObject({ state: 'FAILED', reason: 'MODEL_INVALID', error: 'no model' });
  });
});
