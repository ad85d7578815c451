import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Skipped } from '../suite/outcome.ts';

const run = promisify(execFile);
const CLIENTS = join(import.meta.dirname, '../../clients');
const HOME = '.plumbline/conformance';
const COMPLETE = '.complete';
const INSTALL_TIMEOUT_MS = 600_000;

/** Packages that an environment is made of: names of requirement files in clients/, without their ending. */
export interface Packages {
  readonly needed: string;
  /** Left out where they cannot be had. */
  readonly optional?: string;
}

/**
 * The folder of an environment with the packages; made on first use and kept as long as the requirements are the same.
 * @throws Skipped where there is no python3, or the packages cannot be had.
 */
export async function pythonEnvironment(packages: Packages): Promise<string> {
  const files = requirementFiles(packages);
  const digest = createHash('sha256');
  for (const file of files) digest.update(readFileSync(file));
  const folder = join(HOME, `${packages.needed}-${digest.digest('hex').slice(0, 12)}`);
  if (!existsSync(join(folder, COMPLETE))) await makeEnvironment(folder, files);
  return folder;
}

/** Python of an environment. */
export function pythonOf(folder: string): string {
  return join(folder, 'bin/python');
}

function requirementFiles({ needed, optional }: Packages): readonly string[] {
  return [needed, ...(optional === undefined ? [] : [optional])].map((name) => join(CLIENTS, `${name}.txt`));
}

async function makeEnvironment(folder: string, [needed, optional]: readonly string[]): Promise<void> {
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r'];
  await step('python3 -m venv', 'python3', ['-m', 'venv', '--clear', folder]);
  await step('pip install', pythonOf(folder), [...install, needed ?? '']);
  if (optional !== undefined) {
    await step('pip install', pythonOf(folder), [...install, optional]).catch(() => undefined);
  }
  writeFileSync(join(folder, COMPLETE), '');
}

/**
 * perf_analyzer of the environment, else of the machine; undefined where neither has one that runs. It is the program
 * itself: the script that the package puts beside Python does not pass its exit status on.
 */
export async function findPerfAnalyzer(folder: string): Promise<string | undefined> {
  const [installed] = globSync(join(folder, 'lib/python3*/site-packages/perf_analyzer/bin/perf_analyzer'));
  const program = process.env['PERF_ANALYZER'] ?? installed ?? 'perf_analyzer';
  return run(program, ['--version']).then(
    () => program,
    () => undefined,
  );
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
