import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

interface Collected {
  readonly full: number;
  readonly peakMib: number;
}

async function collected(how: 'counted' | 'as-it-is'): Promise<Collected> {
  const program = join(import.meta.dirname, 'short-lived-bytes.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, how]);
  return JSON.parse(stdout) as Collected;
}

it('bytes outside of the heap that live shortly cost few full collections, and no memory without bound', async () => {
  const counted = await collected('counted');
  const asItIs = await collected('as-it-is');
  expect(counted.full).toBeLessThanOrEqual(asItIs.full / 4);
  expect(counted.peakMib).toBeLessThan(1_024);
});
