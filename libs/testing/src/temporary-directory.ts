import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty directory that any user may enter, removed with the test run. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(process.env['PLUMBLINE_TEST_SERVERS'] ?? tmpdir(), 'directory-'));
  await chmod(directory, 0o755);
  return directory;
}
