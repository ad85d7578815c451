import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { claim, releaseClaim } from './claims.ts';

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
      releaseClaim(files.claimFile);
      resolve(exit);
    };
    child.once('exit', (code, signal) => settle({ code, signal }));
    child.once('error', () => settle({ code: null, signal: null }));
  });
  const pid = child.pid ?? 0;
  if (pid > 0) claim(files.claimFile, pid);
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

/** The last lines of a server's log, for an error message. */
export function logTail(logFile: string, lines = 8): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch (error) {
    return `(no log: ${String(error)})`;
  }
}
