import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Result } from './result.ts';

/** What out/bench/<area>.json holds. */
export interface Report {
  readonly area: string;
  /** Empty outside a git checkout; "-dirty" behind it where the checkout has changes. */
  readonly commit: string;
  readonly machine: { readonly cores: number; readonly memoryGiB: number; readonly node: string };
  readonly results: readonly Result[];
}

export function reportOf(area: string, results: readonly Result[]): Report {
  return {
    area,
    commit: commit(),
    machine: {
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
    },
    results,
  };
}

export function writeReport(path: string, report: Report): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return ''; // no git or no checkout: the figures are then of unknown code
  }
}
