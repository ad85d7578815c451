import { describe, expect, it } from '@jest/globals';
import { digestOf, fileObjects, objectErrors, type ObjectStore } from '@plumbline/objects';
import { temporaryDirectory } from '@plumbline/testing';
import { BroughtOverrides } from './brought-overrides.ts';

const contentsOf = (...contents: readonly string[]): ReadonlyMap<string, Uint8Array> =>
  new Map(contents.map((content) => [digestOf(Buffer.from(content)), Buffer.from(content)]));
const { signal } = new AbortController();
/** Brings contents, and answers their digests. */
async function bring(brought: BroughtOverrides, ...contents: readonly string[]): Promise<string[]> {
  await brought.bring(contentsOf(...contents), signal);
  return [...contentsOf(...contents).keys()];
}
const NOTHING: ReadonlySet<string> = new Set();

/** A store whose first removal waits to be let through. */
async function slowlyRemoving() {
  const objects = fileObjects(await temporaryDirectory());
  const removing = Promise.withResolvers<void>();
  const letThrough = Promise.withResolvers<void>();
  const store: ObjectStore = {
    ...objects,
    async remove(digest) {
      removing.resolve();
      await letThrough.promise;
      await objects.remove(digest);
    },
  };
  return { store, removing: removing.promise, letThrough: () => letThrough.resolve() };
}

describe('BroughtOverrides', () => {
  it('keeps what is needed and removes the rest', async () => {
    const store = fileObjects(await temporaryDirectory());
    const brought = new BroughtOverrides(store);
    const needed = await bring(brought, 'needed', 'config');
    const others = (await bring(brought, 'other', 'config')).filter((one) => !needed.includes(one));
    await brought.retain(new Set(needed));
    for (const digest of needed) expect(await store.has(digest)).toBe(true);
    for (const digest of others) expect(await store.has(digest)).toBe(false);
  });

  it.each(['old', 'new'])(
    'keeps the %s content that is brought while others are removed',
    async (content) => {
      const { store, removing, letThrough } = await slowlyRemoving();
      const brought = new BroughtOverrides(store);
      await bring(brought, 'old');
      const retained = brought.retain(NOTHING);
      await removing;
      const again = bring(brought, content);
      letThrough();
      await retained;
      for (const digest of await again) expect(await store.has(digest)).toBe(true);
    },
  );

  it('keeps what is brought again before its removal has begun', async () => {
    const store = fileObjects(await temporaryDirectory());
    const brought = new BroughtOverrides(store);
    await bring(brought, 'content');
    const again = bring(brought, 'content');
    await Promise.all([again, brought.retain(NOTHING)]);
    for (const digest of await again) expect(await store.has(digest)).toBe(true);
  });

  it('removes later what could not be removed', async () => {
    const objects = fileObjects(await temporaryDirectory());
    let failing = true;
    const store: ObjectStore = {
      ...objects,
      remove: (digest) =>
        failing
          ? Promise.reject(objectErrors.OBJECT_STORE_UNAVAILABLE('the folder is away'))
          : objects.remove(digest),
    };
    const brought = new BroughtOverrides(store);
    const digests = await bring(brought, 'content');
    await expect(brought.retain(NOTHING)).rejects.toMatchObject({ reason: 'OBJECT_STORE_UNAVAILABLE' });
    failing = false;
    await brought.retain(NOTHING);
    for (const digest of digests) expect(await store.has(digest)).toBe(false);
  });

  it('leaves nothing of what could not be brought whole, but what others brought', async () => {
    const objects = fileObjects(await temporaryDirectory());
    const full = objectErrors.OBJECT_STORE_FULL('the object store has no space left');
    const store: ObjectStore = {
      ...objects,
      put: (content) =>
        content instanceof Uint8Array && Buffer.from(content).equals(Buffer.from('too much'))
          ? Promise.reject(full)
          : objects.put(content),
    };
    const brought = new BroughtOverrides(store);
    const [shared] = await bring(brought, 'shared');
    await expect(bring(brought, 'shared', 'own', 'too much')).rejects.toBe(full);
    expect(await store.has(shared ?? '')).toBe(true);
    expect(await store.has(digestOf(Buffer.from('own')))).toBe(false);
  });

  it('stops between two contents when the signal fires, and leaves none', async () => {
    const objects = fileObjects(await temporaryDirectory());
    const caller = new AbortController();
    const stored: unknown[] = [];
    const store: ObjectStore = {
      ...objects,
      put(content) {
        stored.push(content);
        caller.abort(new Error('the caller is gone'));
        return objects.put(content);
      },
    };
    const bringing = new BroughtOverrides(store).bring(contentsOf('first', 'second'), caller.signal);
    await expect(bringing).rejects.toThrow('the caller is gone');
    expect(stored).toEqual([Buffer.from('first')]);
    expect(await store.has(digestOf(Buffer.from('first')))).toBe(false);
  });
});
