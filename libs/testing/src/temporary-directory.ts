import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty directory, removed with the test run. */
export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(process.env['PLUMBLINE_TEST_SERVERS'] ?? tmpdir(), 'directory-'));
}
