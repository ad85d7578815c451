import { beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { temporaryDirectory } from '@plumbline/testing';
import { digestOf, fileObjects, type ObjectStore } from '../src/index.ts';

let directory: string;
let store: ObjectStore;

beforeEach(async () => {
  directory = await temporaryDirectory();
  store = fileObjects(directory);
});

const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
};
async function* inParts(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}
const ABSENT = `sha256:${'0'.repeat(64)}`;

describe('fileObjects', () => {
  it('gives back any content, however it was cut into chunks', async () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(parts, async (chunks) => {
        const whole = Buffer.concat(chunks);
        const stored = await store.put(inParts(...chunks));
        expect(stored).toEqual({ digest: digestOf(whole), sizeBytes: whole.byteLength });
        expect(await store.put(whole)).toEqual(stored);
        expect(await store.get(stored.digest)).toEqual(whole);
        expect(await collect(store.open(stored.digest))).toEqual(whole);
      }),
      { numRuns: 25 },
    );
  });

  it('answers OBJECT_NOT_FOUND for what was never stored', async () => {
    await expect(store.get(ABSENT)).rejects.toMatchObject({
      reason: 'OBJECT_NOT_FOUND',
      metadata: { digest: ABSENT },
    });
    await expect(collect(store.open(ABSENT))).rejects.toMatchObject({ reason: 'OBJECT_NOT_FOUND' });
    await expect(store.path(ABSENT)).rejects.toMatchObject({ reason: 'OBJECT_NOT_FOUND' });
    expect(await store.has(ABSENT)).toBe(false);
  });

  it('answers OBJECT_CORRUPT on every way of reading changed bytes, and a new put mends them', async () => {
    const { digest } = await store.put(Buffer.from('model'));
    const file = await store.path(digest);
    await writeFile(file, 'madel');
    const fresh = fileObjects(directory);
    await expect(fresh.get(digest)).rejects.toMatchObject({
      reason: 'OBJECT_CORRUPT',
      codeName: 'DATA_LOSS',
    });
    await expect(collect(fresh.open(digest))).rejects.toMatchObject({ reason: 'OBJECT_CORRUPT' });
    await expect(fresh.path(digest)).rejects.toMatchObject({ reason: 'OBJECT_CORRUPT' });
    await fresh.put(Buffer.from('model'));
    expect(String(await fresh.get(digest))).toBe('model');
  });

  it('keeps nothing of a content that fails half-way', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      throw new Error('the sender went away');
    }
    await expect(store.put(failing())).rejects.toThrow('the sender went away');
    expect(await readdir(join(directory, 'incoming'))).toEqual([]);
  });

  it('forgets a removed object', async () => {
    const { digest } = await store.put(Buffer.from('personal'));
    await store.remove(digest);
    await store.remove(digest);
    expect(await store.has(digest)).toBe(false);
  });

  it('stores one content once, also under concurrent puts', async () => {
    const stored = await Promise.all(Array.from({ length: 8 }, () => store.put(Buffer.from('same'))));
    expect(new Set(stored.map(({ digest }) => digest)).size).toBe(1);
    expect(String(await store.get(stored[0]?.digest ?? ''))).toBe('same');
    expect(await readdir(join(directory, 'incoming'))).toEqual([]);
  });

  it.each([
    '',
    'sha256:',
    `sha256:${'A'.repeat(64)}`,
    `md5:${'0'.repeat(32)}`,
    `sha256:${'../'.repeat(21)}0`,
  ])('refuses the digest "%s"', async (digest) => {
    await expect(store.get(digest)).rejects.toMatchObject({ reason: 'OBJECT_DIGEST_INVALID' });
  });

  it('answers OBJECT_STORE_UNAVAILABLE when its directory cannot be used', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(fileObjects(file).put(Buffer.from('x'))).rejects.toMatchObject({
      reason: 'OBJECT_STORE_UNAVAILABLE',
    });
  });
});
