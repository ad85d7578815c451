import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The commit of the checkout that this code runs from, "-dirty" behind it where files were changed; else "unknown". */
export async function codeCommit(configured: string): Promise<string> {
  if (configured !== '') return configured;
  try {
    const git = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
    const { stdout } = await promisify(execFile)('git', git, { cwd: import.meta.dirname });
    return stdout.trim();
  } catch {
    return 'unknown';
  }
}
