import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errors } from './errors.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server process of ours, in a session of its own so that a terminal's Ctrl-C does not reach it before its users. */
export interface ServerProcess {
  readonly pid: number;
  /** Settles when the process has ended, whoever ended it. */
  readonly exited: Promise<Exit>;
  /** Asks it to end with `signal`, then kills it after `withinMs`. Idempotent. */
  stop(signal: NodeJS.Signals, withinMs: number): Promise<void>;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly identity?: { readonly uid: number; readonly gid: number };
  readonly workingDirectory: string;
  /** Receives stdout and stderr. */
  readonly logFile: string;
  /** Records the child and its owner, for `reclaim` by a later run. Removed when the child ends. */
  readonly claimFile: string;
}

export function launch({ command, args, identity, ...files }: Launch): ServerProcess {
  const log = openSync(files.logFile, 'a');
  const child = spawn(command, args, {
    ...identity,
    cwd: files.workingDirectory,
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
  });
  closeSync(log);
  const killNow = () => child.kill('SIGINT');
  process.once('exit', killNow);
  const exited = new Promise<Exit>((resolve) => {
    const settle = (exit: Exit) => {
      process.off('exit', killNow);
      rmSync(files.claimFile, { force: true });
      resolve(exit);
    };
    child.once('exit', (code, signal) => settle({ code, signal }));
    child.once('error', () => settle({ code: null, signal: null }));
  });
  const pid = child.pid ?? 0;
  if (pid > 0) writeFileSync(files.claimFile, JSON.stringify({ pid, owner: process.pid }));
  return {
    pid,
    exited,
    async stop(signal, withinMs) {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/**
 * Frees a data directory for a new server. A server whose owner was killed is stopped (`marker`, found in its
 * command line, tells it from an unrelated process with a recycled id); one whose owner lives is ALREADY_RUNNING.
 */
export async function reclaim(claimFile: string, marker: string): Promise<void> {
  const claim = readClaim(claimFile);
  if (claim && isAlive(claim.pid) && commandLine(claim.pid).includes(marker)) {
    if (isAlive(claim.owner)) {
      throw errors.ALREADY_RUNNING(
        `Process ${claim.owner} already runs a server on ${marker}. Stop it first (kill ${claim.owner}).`,
        { metadata: { pid: String(claim.owner) } },
      );
    }
    process.kill(claim.pid, 'SIGINT');
    for (let waitedMs = 0; isAlive(claim.pid); waitedMs += 50) {
      if (waitedMs >= 20_000) process.kill(claim.pid, 'SIGKILL');
      await delay(50);
    }
  }
  rmSync(claimFile, { force: true });
}

/** The last lines of a server's log, for an error message. */
export function logTail(logFile: string, lines = 8): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch (error) {
    return `(no log: ${String(error)})`;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !commandState(pid).startsWith('Z');
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

const commandLine = (pid: number): string => ps(pid, 'args=');
const commandState = (pid: number): string => ps(pid, 'state=');

function ps(pid: number, column: string): string {
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', column], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
