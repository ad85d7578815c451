import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errors } from './errors.ts';

/** Records that this process owns another one, for `reclaim` by a later run. */
export function claim(claimFile: string, pid: number): void {
  writeFileSync(claimFile, JSON.stringify({ pid, owner: process.pid }));
}

/** The process has ended: nothing is left to reclaim. */
export function releaseClaim(claimFile: string): void {
  rmSync(claimFile, { force: true });
}

/**
 * Makes room for a new process where a claim is recorded. A process whose owner was killed is stopped (`marker`, found
 * in its command line, tells it from an unrelated process with a recycled id); one whose owner lives is ALREADY_RUNNING.
 */
export async function reclaim(
  claimFile: string,
  marker: string,
  signal: 'SIGINT' | 'SIGTERM' = 'SIGINT',
): Promise<void> {
  const claimed = readClaim(claimFile);
  if (claimed && isAlive(claimed.pid) && commandLine(claimed.pid).includes(marker)) {
    if (isAlive(claimed.owner)) {
      throw errors.ALREADY_RUNNING(
        `Process ${claimed.owner} already runs ${marker}. Stop it first (kill ${claimed.owner}).`,
        { metadata: { pid: String(claimed.owner) } },
      );
    }
    process.kill(claimed.pid, signal);
    for (let waitedMs = 0; isAlive(claimed.pid); waitedMs += 50) {
      if (waitedMs >= 20_000) process.kill(claimed.pid, 'SIGKILL');
      await delay(50);
    }
  }
  releaseClaim(claimFile);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !state(pid).startsWith('Z');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readClaim(file: string): { pid: number; owner: number } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { pid: number; owner: number };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const HAS_PROC = existsSync('/proc/self/stat');

/** Slim images have /proc but no `ps`; macOS has `ps` but no /proc. */
function commandLine(pid: number): string {
  return HAS_PROC ? readProc(pid, 'cmdline').replaceAll('\0', ' ') : ps(pid, 'args=');
}

/** The letter after the command, which stands in parentheses and may hold any character. */
function state(pid: number): string {
  if (!HAS_PROC) return ps(pid, 'state=');
  const stat = readProc(pid, 'stat');
  return stat.slice(stat.lastIndexOf(')') + 2);
}

function readProc(pid: number, file: 'cmdline' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return ''; // it has ended meanwhile
    throw error;
  }
}

function ps(pid: number, column: string): string {
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', column], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    return ''; // ps ends with 1 where there is no such process
  }
}
