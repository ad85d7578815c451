import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Skipped } from '../suite/outcome.ts';

const run = promisify(execFile);
const REQUIREMENTS = join(import.meta.dirname, '../../clients/requirements.txt');
const HOME = '.plumbline/conformance';
const INSTALL_TIMEOUT_MS = 300_000;

/**
 * The Python of an environment with the stock clients; made on first use and kept as long as the requirements are the
 * same. @throws Skipped where there is no python3, or the packages cannot be had.
 */
export async function pythonWithClients(): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const folder = join(HOME, `python-${digest}`);
  const python = join(folder, 'bin/python');
  const complete = join(folder, '.complete');
  if (existsSync(complete)) return python;
  await step('python3 -m venv', 'python3', ['-m', 'venv', '--clear', folder]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  await step('pip install', python, install);
  writeFileSync(complete, '');
  return python;
}

async function step(what: string, command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args, { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const lastLine = stderr.trim().split('\n').at(-1) ?? '';
    throw new Skipped(`${what} failed: ${lastLine || message}`);
  }
}
