import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lastLineOf, type PythonEnvironment } from './python-environment.ts';

const run = promisify(execFile);

/** The requirement file of perf_analyzer. */
export const PERF_ANALYZER = 'perf-analyzer';

/** A program that runs, or why there is none. */
export type Found = { readonly program: string } | { readonly problem: string };

/**
 * perf_analyzer as PERF_ANALYZER names it, else of the environment, else of the machine. It is the program itself: the
 * script that the package puts beside Python does not pass its exit status on.
 */
export async function findPerfAnalyzer({ folder, absent }: PythonEnvironment): Promise<Found> {
  const [installed] = globSync(join(folder, 'lib/python3*/site-packages/perf_analyzer/bin/perf_analyzer'));
  const program = process.env['PERF_ANALYZER'] ?? installed ?? 'perf_analyzer';
  try {
    await run(program, ['--version']);
    return { program };
  } catch (error) {
    const reason = absent.get(PERF_ANALYZER) ?? lastLineOf(error as Error);
    return { problem: `perf_analyzer is not here: ${reason}; put it on the PATH or in PERF_ANALYZER` };
  }
}
