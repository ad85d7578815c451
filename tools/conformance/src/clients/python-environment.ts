import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Skipped } from '../suite/outcome.ts';

const run = promisify(execFile);
const REQUIREMENTS = join(import.meta.dirname, '../../clients/requirements.txt');
const OPTIONAL = join(import.meta.dirname, '../../clients/optional-requirements.txt');
const COMPLETE = '.complete';
const HOME = '.plumbline/conformance';
const INSTALL_TIMEOUT_MS = 300_000;

/** An environment with the stock clients. */
export interface ClientPrograms {
  readonly python: string;
  /** Triton's load generator; undefined where neither the environment nor the machine has it. */
  readonly perfAnalyzer: string | undefined;
}

/**
 * The environment, made on first use and kept as long as the requirements are the same.
 * @throws Skipped where there is no python3, or the packages cannot be had.
 */
export async function clientPrograms(): Promise<ClientPrograms> {
  const digest = createHash('sha256');
  for (const file of [REQUIREMENTS, OPTIONAL]) digest.update(readFileSync(file));
  const folder = join(HOME, `python-${digest.digest('hex').slice(0, 12)}`);
  if (!existsSync(join(folder, COMPLETE))) await makeEnvironment(folder);
  return { python: join(folder, 'bin/python'), perfAnalyzer: await findPerfAnalyzer(folder) };
}

async function makeEnvironment(folder: string): Promise<void> {
  const python = join(folder, 'bin/python');
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r'];
  await step('python3 -m venv', 'python3', ['-m', 'venv', '--clear', folder]);
  await step('pip install', python, [...install, REQUIREMENTS]);
  await step('pip install', python, [...install, OPTIONAL]).catch(() => undefined);
  writeFileSync(join(folder, COMPLETE), '');
}

/** The program itself: the script that the package puts beside Python does not pass its exit status on. */
async function findPerfAnalyzer(folder: string): Promise<string | undefined> {
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
