import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Skipped } from '../suite/outcome.ts';

const run = promisify(execFile);
const CLIENTS = join(import.meta.dirname, '../../clients');
const HOME = '.plumbline/conformance';
const INSTALL_TIMEOUT_MS = 600_000;

/** Packages that an environment is made of: names of requirement files in clients/, without their ending. */
export interface Packages {
  readonly needed: string;
  /** Left out where they cannot be had. */
  readonly optional?: readonly string[];
}

export interface PythonEnvironment {
  readonly folder: string;
  /** Its Python; an absolute path. */
  readonly python: string;
  /** Why optional packages could not be had, by name. */
  readonly absent: ReadonlyMap<string, string>;
}

/**
 * An environment with the packages; made on first use and kept as long as the requirements are the same. What is optional
 * and could not be had is tried again every time.
 * @throws Skipped where there is no python3, or the packages needed cannot be had.
 */
export async function pythonEnvironment({ needed, optional = [] }: Packages): Promise<PythonEnvironment> {
  const folder = resolve(HOME, `${needed}-${digestOf(needed)}`);
  const python = join(folder, 'bin/python');
  if (!existsSync(markOf(folder, needed))) {
    await step('python3 -m venv', 'python3', ['-m', 'venv', '--clear', folder]);
    await install(folder, needed);
  }
  const absent = new Map<string, string>();
  for (const name of optional) {
    const problem = await problemWith(folder, name);
    if (problem !== undefined) absent.set(name, problem);
  }
  return { folder, python, absent };
}

/** Why a package cannot be had; undefined once it is installed. */
async function problemWith(folder: string, name: string): Promise<string | undefined> {
  if (existsSync(markOf(folder, name))) return undefined;
  try {
    await install(folder, name);
    return undefined;
  } catch (error) {
    if (error instanceof Skipped) return error.message;
    throw error;
  }
}

async function install(folder: string, name: string): Promise<void> {
  const options = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', fileOf(name)];
  await step(`pip install of ${name}`, join(folder, 'bin/python'), options);
  writeFileSync(markOf(folder, name), '');
}

const fileOf = (name: string): string => join(CLIENTS, `${name}.txt`);

const digestOf = (name: string): string =>
  createHash('sha256')
    .update(readFileSync(fileOf(name)))
    .digest('hex')
    .slice(0, 12);

/** The file that tells that these packages are installed completely. */
const markOf = (folder: string, name: string): string => join(folder, `.complete-${name}-${digestOf(name)}`);

async function step(what: string, command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args, { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    throw new Skipped(`${what} failed: ${lastLineOf(error as Error & { stderr?: string })}`);
  }
}

/** The last that a command said before it failed. */
export function lastLineOf({ stderr = '', message }: Error & { readonly stderr?: string }): string {
  return stderr.trim().split('\n').at(-1) || message;
}
