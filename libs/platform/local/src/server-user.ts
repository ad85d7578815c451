import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { errors } from './errors.ts';

/** The unprivileged user that Postgres runs as when we are root, which Postgres refuses to be. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Undefined unless we are root; then `postgres` if that user exists, otherwise `nobody`. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const user = lookUp('postgres') ?? lookUp('nobody');
  if (user) return user;
  throw errors.POSTGRES_FAILED(
    'Postgres refuses to run as root, and this machine has neither a user "postgres" nor "nobody". ' +
      'Create one (useradd --system postgres), run as another user, or set DATABASE_URL.',
  );
}

/** Whether `user` may enter `directory` and every folder above it, judged by owner and mode. */
export function isReachable(directory: string, user: ServerUser): boolean {
  for (let current = resolve(directory); ; current = dirname(current)) {
    if (!mayEnter(current, user)) return false;
    if (current === dirname(current)) return true;
  }
}

/** A folder of root's own that other users can enter, for what must not lie in an unreachable checkout. */
export function sharedHome(): string {
  for (const candidate of ['/var/lib/plumbline', join(tmpdir(), 'plumbline-root')]) {
    try {
      mkdirSync(candidate, { recursive: true, mode: 0o755 });
      const { uid, mode } = lstatSync(candidate);
      if (uid === 0 && (mode & 0o170022) === 0o040000) return candidate;
    } catch (error) {
      if (!['EACCES', 'EROFS', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  throw errors.POSTGRES_FAILED(
    'Neither /var/lib nor the temporary folder can hold the files of the embedded Postgres. Set DATABASE_URL.',
  );
}

function mayEnter(directory: string, { uid, gid }: ServerUser): boolean {
  const { mode, uid: owner, gid: group } = statSync(directory, { throwIfNoEntry: false }) ?? { mode: 0o755 };
  const bit = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
  return (mode & bit) !== 0;
}

function lookUp(name: string): ServerUser | undefined {
  const id = (flag: string) =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { name, uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}
