import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errors } from './errors.ts';
import { FRAGMENTS } from './fragments.ts';

export interface Migration {
  readonly version: number;
  /** The file name without its ending. */
  readonly name: string;
  /** Includes expanded. */
  readonly sql: string;
  /** SHA-256 of `sql`, hex. */
  readonly checksum: string;
}

const FILE = /^(\d{4})-[a-z0-9-]+\.sql$/;
const INCLUDE = /^-- include: *([a-z0-9-]+) *$/gm;

/** The migrations of a folder, by version. Throws MIGRATION_INVALID for misnamed files and unknown includes. */
export async function readMigrations(directory: URL | string): Promise<Migration[]> {
  const path = directory instanceof URL ? fileURLToPath(directory) : directory;
  const files = (await readdir(path)).filter((file) => file.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    files.map(async (file) => parseMigration(file, await readFile(join(path, file), 'utf8'))),
  );
  migrations.forEach(({ name, version }, index) => {
    if (migrations[index - 1]?.version === version) {
      throw errors.MIGRATION_INVALID(`two migrations have the number of ${name}`);
    }
  });
  return migrations;
}

export function parseMigration(file: string, text: string): Migration {
  const version = FILE.exec(file)?.[1];
  if (version === undefined) throw errors.MIGRATION_INVALID(`${file} is not named NNNN-name.sql`);
  const sql = text.replaceAll(INCLUDE, (_line, name: string) => {
    const fragment = FRAGMENTS[name];
    if (fragment === undefined) {
      throw errors.MIGRATION_INVALID(
        `${file} includes "${name}"; there are ${Object.keys(FRAGMENTS).join(', ')}`,
      );
    }
    return fragment.trim();
  });
  const checksum = createHash('sha256').update(sql).digest('hex');
  return { version: Number(version), name: file.slice(0, -'.sql'.length), sql, checksum };
}
