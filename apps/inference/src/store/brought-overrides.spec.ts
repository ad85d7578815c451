import { describe, expect, it } from '@jest/globals';
import { fileObjects, objectErrors, type ObjectStore } from '@plumbline/objects';
import { temporaryDirectory } from '@plumbline/testing';
import type { ModelOverride } from '../domain/repository/repository.ts';
import { BroughtOverrides } from './brought-overrides.ts';
import type { Override } from './model-override.ts';

const overrideOf = (content: string): ModelOverride => ({
  config: '{}',
  files: new Map([['1/model.onnx', Buffer.from(content)]]),
});
const digestsOf = ({ files, versions }: Override) =>
  [...files, ...versions.flatMap((version) => version.files)].map(({ digest }) => digest);
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
    const needed = digestsOf(await brought.bring(overrideOf('needed')));
    const others = digestsOf(await brought.bring(overrideOf('other'))).filter((one) => !needed.includes(one));
    await brought.retain(new Set(needed));
    for (const digest of needed) expect(await store.has(digest)).toBe(true);
    for (const digest of others) expect(await store.has(digest)).toBe(false);
  });

  it.each(['old', 'new'])(
    'keeps the %s content that is brought while others are removed',
    async (content) => {
      const { store, removing, letThrough } = await slowlyRemoving();
      const brought = new BroughtOverrides(store);
      await brought.bring(overrideOf('old'));
      const retained = brought.retain(NOTHING);
      await removing;
      const again = brought.bring(overrideOf(content));
      letThrough();
      await retained;
      for (const digest of digestsOf(await again)) expect(await store.has(digest)).toBe(true);
    },
  );

  it('keeps what is brought again before its removal has begun', async () => {
    const store = fileObjects(await temporaryDirectory());
    const brought = new BroughtOverrides(store);
    await brought.bring(overrideOf('content'));
    const again = brought.bring(overrideOf('content'));
    await Promise.all([again, brought.retain(NOTHING)]);
    for (const digest of digestsOf(await again)) expect(await store.has(digest)).toBe(true);
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
    const digests = digestsOf(await brought.bring(overrideOf('content')));
    await expect(brought.retain(NOTHING)).rejects.toMatchObject({ reason: 'OBJECT_STORE_UNAVAILABLE' });
    failing = false;
    await brought.retain(NOTHING);
    for (const digest of digests) expect(await store.has(digest)).toBe(false);
  });
});
