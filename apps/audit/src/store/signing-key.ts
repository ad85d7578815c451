import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSigner, parseSigner, type NoteSigner } from '@plumbline/merkle';
import { errors } from '../domain/errors.ts';

const FILE = 'log-signer.key';
/** Permission bits of everybody but the owner. */
const OTHERS = 0o077;

/**
 * The signer of the log `origin`, from `log-signer.key` in the directory; made there on first use, readable by its
 * owner alone. Processes that start together end with the same key. Throws LOG_KEY_UNREADABLE, LOG_KEY_CHANGED.
 */
export async function openSigningKey(directory: string, origin: string): Promise<NoteSigner> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, FILE);
  if (!(await exists(path))) await createKey(directory, path, origin);
  const signer = await readKey(path);
  if (signer.verifier.name !== origin) {
    throw errors.LOG_KEY_CHANGED(`${path} signs for ${signer.verifier.name}, not for ${origin}`);
  }
  return signer;
}

async function readKey(path: string): Promise<NoteSigner> {
  const { mode } = await stat(path);
  if ((mode & OTHERS) !== 0)
    throw errors.LOG_KEY_UNREADABLE(`${path} can be read by others; its mode is to be 0600`);
  try {
    return parseSigner((await readFile(path, 'utf8')).trimEnd());
  } catch (cause) {
    throw errors.LOG_KEY_UNREADABLE(`${path} holds no signer key`, { cause });
  }
}

/** Written and synced under another name first: a key file is whole or not there, and the first one stays. */
async function createKey(directory: string, path: string, origin: string): Promise<void> {
  const draft = join(directory, `.${randomUUID()}.draft`);
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${generateSigner(origin)}\n`);
    await file.sync();
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await file.close();
    await unlink(draft);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
