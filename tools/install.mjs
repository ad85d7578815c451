// Installs the workspace's dependencies where they are missing or older than the lockfile. Plain JavaScript:
// it runs before anything is installed, on the machine's own Node.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Runs `npm install` unless node_modules was installed from exactly this lockfile. Exits with a clear message if refused. */
export function installDependencies(root) {
  const lockfile = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.plumbline-lockfile');
  const digest = createHash('sha256').update(readFileSync(lockfile)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  // `npm install --no-save` and not `npm ci`: versions come from the lockfile either way, but `npm ci` refuses a
  // lockfile that lacks a platform build of some optional dependency, and it empties a tree that others may be using.
  console.error('Installing dependencies (npm install) …');
  const npm = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (npm.error || npm.status !== 0) {
    console.error(
      '\nThe dependencies could not be installed' +
        (npm.error ? `: ${npm.error.message}` : ` (npm exited with ${npm.status})`) +
        '.\nCheck that npm is on PATH and reaches a package registry, then run the command again.',
    );
    process.exit(1);
  }
  writeFileSync(stamp, digest);
}
