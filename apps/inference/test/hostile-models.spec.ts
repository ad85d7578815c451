import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fileObjects } from '@plumbline/objects';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { divisionModel, dyingModel, growingModel, loopModel, timesModel } from './models.ts';
import { children, residentBytes } from './processes.ts';
import {
  MODEL,
  numbersOf,
  startRegistry,
  startReplica,
  storeVersion,
  type FakeRegistry,
  type Replica,
  type StoredVersion,
} from './replica.ts';

const MEMORY_MIB = 384;
/** Hours of a loop. */
const FOREVER = 2 ** 32;
const FIRST_BACKOFF_MS = 50;
const UNTRUSTED = 'parameters { key: "plumbline.untrusted" value { string_value: "true" } }';

let registry: FakeRegistry;
let replica: Replica;
let versions: Record<'sound' | 'hungry' | 'endless' | 'crashing' | 'dying' | 'trusted', StoredVersion>;

beforeAll(async () => {
  const objectsDir = await temporaryDirectory();
  const objects = fileObjects(objectsDir);
  const untrusted = (model: Uint8Array) => storeVersion(objects, { model, config: UNTRUSTED });
  versions = {
    sound: await storeVersion(objects, { model: timesModel(2) }),
    hungry: await untrusted(growingModel()),
    endless: await untrusted(loopModel()),
    crashing: await untrusted(divisionModel()),
    dying: await untrusted(dyingModel()),
    trusted: await storeVersion(objects, { model: dyingModel() }),
  };
  registry = await startRegistry();
  registry.list(Object.values(versions), 0);
  const settings = { MAX_RUNNER_MEMORY_MIB: String(MEMORY_MIB), RUN_TIMEOUT_MS: '2000' };
  replica = await startReplica({ registryAddress: registry.address, objectsDir, settings });
  await eventually(() => {
    const [lease] = registry.leases.values();
    return (lease?.loadedDigests.length ?? 0) + (lease?.failures.length ?? 0) === 6;
  });
});

afterAll(async () => {
  await replica.stop();
  await registry.close();
});

const ask = ({ digest }: StoredVersion, ...row: number[]) => replica.infer([row], { digest });
const answers = async (version: StoredVersion, ...row: number[]) =>
  (await ask(version, ...row)).outputs.map(numbersOf);
const lossesOf = ({ digest }: StoredVersion) =>
  replica.log.lines.filter(
    ({ message, fields }) => message.startsWith('a runner was lost') && fields['digest'] === digest,
  );

describe('hostile models in processes of their own', () => {
  it.each(['dying', 'trusted'] as const)(
    'fail alone where they end the process that opens them: %s',
    async (name) => {
      const { digest } = versions[name];
      const failures = [...registry.leases.values()][0]?.failures;
      expect(failures?.find((failure) => failure.digest === digest)).toMatchObject({
        reason: 'MODEL_INVALID',
        detail: expect.stringContaining('SIGFPE'),
      });
      expect(await answers(versions.sound, 1, 2)).toEqual([[2, 4]]);
    },
  );

  it('fail alone where a run takes more memory than it may, which is given back', async () => {
    const { hungry, sound } = versions;
    const taken = ask(hungry, 2 ** 27, 1);
    expect(await answers(sound, 1, 2)).toEqual([[2, 4]]);
    await expect(taken).rejects.toMatchObject({ reason: 'REQUEST_CRASHED_RUNNER' });
    expect(lossesOf(hungry)[0]?.fields).toMatchObject({ model: MODEL, modelVersion: '2' });
    await eventually(() => answers(hungry, 3, 1));
    await eventually(() => children().every((id) => residentBytes(id) < (MEMORY_MIB * 2 ** 20) / 2));
  });

  it('fail alone where a run does not end, and its process does', async () => {
    const { endless, sound } = versions;
    const before = children();
    const asked = ask(endless, FOREVER, FOREVER);
    expect(await answers(sound, 1, 2)).toEqual([[2, 4]]);
    await expect(asked).rejects.toMatchObject({ reason: 'INFERENCE_TIMEOUT' });
    expect(await eventually(() => answers(endless, 1, 1))).toEqual([[1, 1]]);
    expect(lossesOf(endless)[0]?.fields).toMatchObject({ model: MODEL, modelVersion: '3' });
    const now = await eventually(() => children().length === before.length && children());
    expect(before.filter((id) => !now.includes(id))).not.toEqual([]);
  });

  it('are started again later and later where they crash again and again, and answer then', async () => {
    const { crashing, sound } = versions;
    const startedMs = performance.now();
    for (let round = 0; round < 2; round++) {
      const crash = eventually(() =>
        ask(crashing, -(2 ** 63), -1).catch((error: unknown) => {
          if ((error as { reason?: string }).reason === 'REQUEST_CRASHED_RUNNER') return 'crashed';
          throw error;
        }),
      );
      expect(await answers(sound, 1, 2)).toEqual([[2, 4]]);
      expect(await crash).toBe('crashed');
    }
    expect(await eventually(() => answers(crashing, 12, 3))).toEqual([[16, 7]]);
    const losses = lossesOf(crashing).length;
    expect(losses).toBeGreaterThan(2);
    expect(performance.now() - startedMs).toBeGreaterThan(FIRST_BACKOFF_MS * (2 ** losses - 1));
  });
});
