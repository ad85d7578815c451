import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseSigner } from '@plumbline/merkle';
import { temporaryDirectory } from '@plumbline/testing';
import { openSigningKey } from './signing-key.ts';

const ORIGIN = 'plumbline.test/log';
const FILE = 'log-signer.key';

describe('the signing key', () => {
  it('is made on first use, for its owner alone, and stays', async () => {
    const directory = join(await temporaryDirectory(), 'keys');
    const made = await openSigningKey(directory, ORIGIN);
    const again = await openSigningKey(directory, ORIGIN);
    expect(again.verifier.text).toBe(made.verifier.text);
    expect((await stat(join(directory, FILE))).mode & 0o777).toBe(0o600);
    const text = (await readFile(join(directory, FILE), 'utf8')).trimEnd();
    expect(parseSigner(text).verifier.text).toBe(made.verifier.text);
  });

  it('is one key when many processes make it at once', async () => {
    const directory = await temporaryDirectory();
    const signers = await Promise.all(Array.from({ length: 20 }, () => openSigningKey(directory, ORIGIN)));
    expect(new Set(signers.map(({ verifier }) => verifier.text)).size).toBe(1);
    expect(await readdir(directory)).toEqual([FILE]);
  });

  it('is refused when it signs for another log', async () => {
    const directory = await temporaryDirectory();
    await openSigningKey(directory, ORIGIN);
    const opening = openSigningKey(directory, 'plumbline.test/other');
    await expect(opening).rejects.toMatchObject({ reason: 'LOG_KEY_CHANGED' });
  });

  it('is refused when others can read it', async () => {
    const directory = await temporaryDirectory();
    await openSigningKey(directory, ORIGIN);
    await chmod(join(directory, FILE), 0o644);
    await expect(openSigningKey(directory, ORIGIN)).rejects.toMatchObject({ reason: 'LOG_KEY_UNREADABLE' });
  });

  it('is refused, and not replaced, when it is damaged', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, FILE), 'PRIVATE+KEY+half', { mode: 0o600 });
    await expect(openSigningKey(directory, ORIGIN)).rejects.toMatchObject({ reason: 'LOG_KEY_UNREADABLE' });
    expect(await readFile(join(directory, FILE), 'utf8')).toBe('PRIVATE+KEY+half');
  });
});
