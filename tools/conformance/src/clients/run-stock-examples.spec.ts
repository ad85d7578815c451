import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { Skipped, type CheckResult } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';
import { runStockExamples, verdictOf } from './run-stock-examples.ts';

const UNFIT = { reason: 'needs more', sign: /no such method/ };
const problem = (output: string) => ({ output, summary: output });

describe('the verdict on a stock example', () => {
  it('passes what ends with 0', () => {
    expect(verdictOf(undefined, undefined, true)).toEqual({ outcome: 'pass', reason: '' });
  });

  it('fails what does not, with what the script said', () => {
    expect(verdictOf(problem('bad sum'), undefined, true)).toEqual({ outcome: 'fail', reason: 'bad sum' });
  });

  it('skips what is unfit, with the reason, if it fails for that reason', () => {
    expect(verdictOf(problem('no such method'), UNFIT, true)).toEqual({
      outcome: 'skipped',
      reason: 'needs more',
    });
    expect(verdictOf(problem('bad sum'), UNFIT, true)).toEqual({ outcome: 'fail', reason: 'bad sum' });
  });

  it('fails what is called unfit and passes against our service', () => {
    expect(verdictOf(undefined, UNFIT, true).outcome).toBe('fail');
    expect(verdictOf(undefined, UNFIT, false).outcome).toBe('pass');
  });

  it('does not hold against another server what it has no words for', () => {
    expect(verdictOf(problem('bad sum'), UNFIT, false).outcome).toBe('skipped');
  });
});

describe('a run of the stock examples', () => {
  const target = { address: '127.0.0.1:1', own: true } as Target;

  /** The shell stands for Python, and its scripts for examples. */
  async function run(scripts: Readonly<Record<string, string>>): Promise<CheckResult[]> {
    const directory = await temporaryDirectory();
    const folder = join(directory, 'examples');
    mkdirSync(folder);
    for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text);
    const reported: CheckResult[] = [];
    const options = { folder, directory, python: 'sh', noPictures: 'no pillow' };
    const results = await runStockExamples(target, { ...options, report: (result) => reported.push(result) });
    expect(reported).toEqual(results);
    return results;
  }

  const outcomes = (results: readonly CheckResult[]) =>
    results.map(({ id, outcome, reason }) => [id.replace('clients.examples.', ''), outcome, reason]);

  it('gives scripts the address, and tells why one fails', async () => {
    const results = await run({
      'grpc_client.py': 'test "$2" = 127.0.0.1:1',
      'simple_grpc_custom_args_client.py': 'echo wrong sum; exit 1',
    });
    expect(outcomes(results)).toEqual([
      ['grpc_client.grpc', 'pass', ''],
      ['simple_grpc_custom_args_client.grpc', 'fail', expect.stringMatching(/^wrong sum/)],
    ]);
  });

  it('fails a script that the list does not know', async () => {
    const results = await run({ 'new_client.py': 'exit 0' });
    expect(outcomes(results)).toEqual([['new_client', 'fail', expect.stringMatching(/does not say/)]]);
  });

  it('skips what cannot be run, with the reason', async () => {
    const results = await run({
      'grpc_image_client.py': 'exit 0',
      'memory_growth_test.py': 'exit 0',
      'simple_http_async_infer_client.py': 'exit 0',
    });
    const picture = 'no pillow';
    expect(outcomes(results)).toEqual([
      ['grpc_image_client.grpc', 'skipped', picture],
      ['grpc_image_client.grpc-async', 'skipped', picture],
      ['grpc_image_client.grpc-stream', 'skipped', picture],
      ['memory_growth_test', 'skipped', expect.stringMatching(/is not run$/)],
      ['simple_http_async_infer_client.http', 'skipped', 'no --http address is given'],
    ]);
  });

  it('is skipped without scripts', async () => {
    await expect(run({ 'README.md': '' })).rejects.toThrow(Skipped);
    await expect(
      runStockExamples(target, {
        folder: '/nowhere',
        directory: await temporaryDirectory(),
        python: 'sh',
        noPictures: undefined,
        report: () => undefined,
      }),
    ).rejects.toThrow(/cannot be read/);
  });
});
