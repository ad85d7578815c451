import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const MODULE = new URL('short-collections.ts', import.meta.url).href;
/** Makes and drops 2 GB in objects that live for long enough to be promoted. */
const PROGRAM = `
  const { keepCollectionsShort } = await import('${MODULE}');
  if (process.argv[1] === 'short') keepCollectionsShort(process.execArgv);
  const passing = new Array(40_000);
  for (let i = 0; i < 2_000_000; i += 1) passing[i % passing.length] = new Array(128).fill(i + 0.5);
`;

async function majorCollections(nodeFlags: readonly string[], choice: string): Promise<number> {
  const flags = ['--disable-warning=ExperimentalWarning', '--trace-gc', ...nodeFlags];
  const args = [...flags, '--input-type=module', '-e', PROGRAM, choice];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.split('Mark-Compact').length - 1;
}

describe('keepCollectionsShort', () => {
  it('has the old generation collected more often, except where Node was told otherwise', async () => {
    const usual = await majorCollections([], 'usual');
    expect(usual).toBeGreaterThan(0);
    expect(await majorCollections([], 'short')).toBeGreaterThanOrEqual(2 * usual);
    expect(await majorCollections(['--heap_growing_percent=300'], 'short')).toBeLessThan(2 * usual);
  });
});
