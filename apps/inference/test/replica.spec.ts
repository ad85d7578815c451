import { writeFile } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { InferenceService, Invariance, VersionState } from '@plumbline/contract-inference';
import { fileObjects, type ObjectStore } from '@plumbline/objects';
import { createClient } from '@plumbline/rpc';
import { formatSignature } from '@plumbline/signature';
import { encodeElements } from '@plumbline/tensors';
import { connectEvents } from '@plumbline/events';
import { eventually, silentLog, temporaryDirectory, testEvents, type RecordingLog } from '@plumbline/testing';
import {
  halfModel,
  hostileModel,
  growingModel,
  hugeConstantModel,
  loopModel,
  mixingModel,
  mlpModel,
  timesModel,
  wideModel,
} from './models.ts';
import {
  executionOf,
  floats,
  MODEL,
  numbersOf,
  startRegistry,
  startReplica,
  storeVersion,
  TENANT,
  type FakeRegistry,
  type Replica,
  type StoredVersion,
} from './replica.ts';

let objectsDir: string;
let objects: ObjectStore;
let registry: FakeRegistry;
let twice: StoredVersion;
let thrice: StoredVersion;

beforeAll(async () => {
  objectsDir = await temporaryDirectory();
  objects = fileObjects(objectsDir);
  twice = await storeVersion(objects, {
    model: timesModel(2),
    golden: { input: [1, 2, 3, 4], output: [2, 4, 6, 8] },
  });
  thrice = await storeVersion(objects, { model: timesModel(3) });
});
beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

const lease = () => [...registry.leases.values()][0];
const loaded = (...versions: StoredVersion[]) =>
  eventually(() => versions.every(({ digest }) => lease()?.loadedDigests.includes(digest)));
const failure = ({ digest }: StoredVersion) =>
  eventually(() => lease()?.failures.find((candidate) => candidate.digest === digest));

async function withReplica(test: (replica: Replica) => Promise<void>, settings?: Record<string, string>) {
  const replica = await startReplica({
    registryAddress: registry.address,
    objectsDir,
    ...(settings && { settings }),
  });
  try {
    await test(replica);
  } finally {
    await replica.stop();
  }
}

describe('a replica', () => {
  it('loads what the registry lists, reports it and answers, coalesced or not', async () => {
    const epoch = registry.list([twice], 0);
    await withReplica(async (replica) => {
      await loaded(twice);
      expect(lease()).toMatchObject({ kind: 'inference', epoch, failures: [], leaving: false });
      for (const coalesce of [true, false]) {
        const answer = await replica.infer(
          [
            [1, 2],
            [3, 4],
          ],
          { digest: twice.digest, coalesce },
        );
        expect(answer).toMatchObject({ modelName: MODEL, modelVersion: '1', id: 'request-1' });
        expect(answer.outputs).toMatchObject([{ name: 'y', datatype: 'FP32', shape: [2, 2] }]);
        expect(answer.outputs.map(numbersOf)).toEqual([[2, 4, 6, 8]]);
        const execution = executionOf(answer);
        expect(execution).toMatchObject({ digest: twice.digest, invariance: 'INVARIANT', batchRows: 2 });
        expect(execution.replica).toBe(lease()?.replicaId);
        expect(execution.inferUs).toBeGreaterThan(0);
        expect(execution.queueUs).toBeGreaterThanOrEqual(0);
      }
    });
    expect(lease()?.leaving).toBe(true);
  });

  it('is ready with nothing to serve while nothing was ever released', async () => {
    await withReplica(async (replica) => {
      await eventually(async () => (await replica.oip.serverReady({}, { tenant: TENANT })).ready);
      await expect(replica.infer([[1, 2]])).rejects.toMatchObject({ reason: 'MODEL_NOT_FOUND' });
      registry.list([twice], 0);
      await loaded(twice);
      expect((await replica.infer([[1, 2]])).outputs.map(numbersOf)).toEqual([[2, 4]]);
    });
  });

  it('answers the protocol’s questions about server and model', async () => {
    registry.list([twice, thrice], 0);
    await withReplica(async ({ oip, control }) => {
      await loaded(twice, thrice);
      const options = { tenant: TENANT };
      expect(await oip.serverLive({}, options)).toMatchObject({ live: true });
      await eventually(async () => (await oip.serverReady({}, options)).ready);
      expect(await oip.serverMetadata({}, options)).toMatchObject({
        name: 'plumbline',
        extensions: expect.arrayContaining(['classification', 'parameters', 'schedule_policy', 'statistics']),
      });
      expect(await oip.modelReady({ name: MODEL }, options)).toMatchObject({ ready: true });
      expect(await oip.modelReady({ name: 'unknown' }, options)).toMatchObject({ ready: false });
      expect(await oip.modelMetadata({ name: MODEL }, options)).toMatchObject({
        name: MODEL,
        versions: ['2', '1'],
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n, 2n] }],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [-1n, 2n] }],
        properties: { digest: twice.digest, invariance: 'INVARIANT' },
      });
      const status = await control.getStatus({});
      expect(status).toMatchObject({ replicaId: lease()?.replicaId, providers: ['cpu'] });
      expect(status.versions).toContainEqual(
        expect.objectContaining({
          model: MODEL,
          digest: twice.digest,
          state: VersionState.READY,
          invariance: Invariance.INVARIANT,
        }),
      );
    });
  });

  it('names versions by number, champion or digest, and shows none to another tenant', async () => {
    registry.list([twice, thrice], 0);
    await withReplica(async (replica) => {
      await loaded(twice, thrice);
      const answer = async (options: object) =>
        numbersOf((await replica.infer([[1, 1]], options)).outputs[0] as never)[0];
      expect(await answer({})).toBe(2);
      expect(await answer({ version: '2' })).toBe(3);
      expect(await answer({ digest: thrice.digest })).toBe(3);
      for (const options of [
        { tenant: 'rival' },
        { model: 'unknown' },
        { version: '9' },
        { digest: 'sha256:0' },
      ]) {
        await expect(replica.infer([[1, 1]], options)).rejects.toMatchObject({
          codeName: 'NOT_FOUND',
          reason: 'MODEL_NOT_FOUND',
        });
      }
      const statistics = async (tenant: string) =>
        (await replica.oip.modelStatistics({}, { tenant })).modelStats;
      expect((await statistics(TENANT)).map(({ name, version }) => [name, version])).toEqual([
        [MODEL, '1'],
        [MODEL, '2'],
      ]);
      expect(await statistics('rival')).toEqual([]);
    });
  });

  it('refuses requests that do not fit the model, naming the field', async () => {
    registry.list([twice]);
    await withReplica(async (replica) => {
      await loaded(twice);
      const x = { name: 'x', datatype: 'FP32', shape: [1, 2], raw: floats(1, 2) };
      const cases = [
        [[{ ...x, name: 'q' }], 'INPUT_NAME_INVALID', 'inputs[0].name'],
        [[{ ...x, datatype: 'FP64' }], 'DATATYPE_MISMATCH', 'inputs[0].datatype'],
        [[{ ...x, shape: [1, 3] }], 'SHAPE_MISMATCH', 'inputs[0].shape'],
        [[{ ...x, raw: floats(1) }], 'BYTE_LENGTH_MISMATCH', 'raw_input_contents[0]'],
        [[], 'INPUT_NAME_INVALID', 'inputs'],
      ] as const;
      for (const [inputs, reason, field] of cases) {
        await expect(replica.infer([], { inputs })).rejects.toMatchObject({
          codeName: 'INVALID_ARGUMENT',
          reason,
          fieldViolations: [{ field }],
        });
      }
      await expect(replica.infer([[1, 2]], { timeoutMs: 0 })).rejects.toMatchObject({
        codeName: 'DEADLINE_EXCEEDED',
      });
      expect((await replica.infer([[NaN, 1]])).outputs.map(numbersOf)).toEqual([[NaN, 2]]);
    });
  });

  it('runs float16, which onnxruntime-node refuses beside Float16Array', async () => {
    const half = await storeVersion(objects, { model: halfModel() });
    registry.list([half]);
    await withReplica(async (replica) => {
      await loaded(half);
      const raw = encodeElements('FP16', [0x3c00, 0x4000]);
      const { outputs } = await replica.infer([], {
        inputs: [{ name: 'x', datatype: 'FP16', shape: [1, 2], raw }],
      });
      expect(Buffer.from(outputs[0]?.raw ?? [])).toEqual(encodeElements('FP16', [0x4000, 0x4400]));
    });
  });

  it('runs requests of a model that mixes rows alone, and says that it does', async () => {
    const mixing = await storeVersion(objects, { model: mixingModel() });
    registry.list([mixing]);
    await withReplica(async (replica) => {
      await loaded(mixing);
      const answers = await Promise.all([0, 2, 4].map((value) => replica.infer([[value, value]])));
      expect(answers.map(({ outputs }) => outputs.map(numbersOf))).toEqual([[[0, 0]], [[4, 4]], [[8, 8]]]);
      expect(answers.map((answer) => executionOf(answer).invariance)).toEqual(Array(3).fill('VARIANT'));
    });
  });

  it('finds float perceptrons invariant', async () => {
    const mlp = await storeVersion(objects, { model: mlpModel([32, 64, 64, 1]) });
    registry.list([mlp]);
    await withReplica(async ({ control }) => {
      await loaded(mlp);
      expect((await control.getStatus({})).versions).toMatchObject([{ invariance: Invariance.INVARIANT }]);
    });
  });
});

describe('a version that must not serve', () => {
  const parts = { model: timesModel(2) };
  const signature = (name: string) =>
    formatSignature({
      featureService: 'f',
      featureServiceVersion: 1,
      inputs: [{ name, datatype: 'FP32', shape: [-1, 2] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
    });
  const cases: [string, () => Promise<StoredVersion>, string][] = [
    [
      'with a corrupted file',
      async () => {
        const version = await storeVersion(objects, { model: timesModel(5) });
        await writeFile(await objects.path(version.files[0]?.digest ?? ''), 'something else');
        return version;
      },
      'ARTIFACT_CORRUPT',
    ],
    [
      'with a missing file',
      async () => {
        const version = await storeVersion(objects, { model: timesModel(6) });
        await objects.remove(version.files[0]?.digest ?? '');
        return version;
      },
      'ARTIFACT_MISSING',
    ],
    [
      'whose digest is not that of its files',
      async () => ({ ...(await storeVersion(objects, parts)), digest: `sha256:${'0'.repeat(64)}` }),
      'VERSION_DIGEST_MISMATCH',
    ],
    ['with foreign operators', () => storeVersion(objects, { model: hostileModel() }), 'MODEL_UNSAFE'],
    [
      'that is no ONNX',
      () => storeVersion(objects, { model: Buffer.from('not a model at all') }),
      'MODEL_INVALID',
    ],
    [
      'with other outputs than its golden set',
      () => storeVersion(objects, { ...parts, golden: { input: [1, 2], output: [2, 5] } }),
      'GOLDEN_MISMATCH',
    ],
    [
      'with another signature',
      () => storeVersion(objects, { ...parts, signature: signature('q') }),
      'SIGNATURE_MISMATCH',
    ],
    [
      'whose golden case the engine cannot run',
      () => storeVersion(objects, { model: growingModel(), golden: { input: [2 ** 40, 0], output: [2, 4] } }),
      'GOLDEN_MISMATCH',
    ],
    [
      'that makes constants of terabytes',
      () => storeVersion(objects, { model: hugeConstantModel() }),
      'MODEL_UNSAFE',
    ],
    [
      'that declares wider rows than a batch may take',
      () => storeVersion(objects, { model: wideModel() }),
      'BATCH_TOO_LARGE',
    ],
  ];
  it.each(cases)(
    '%s is reported with its reason and leaves the other serving',
    async (_fault, make, reason) => {
      registry.list([twice], 0);
      await withReplica(async (replica) => {
        await loaded(twice);
        const bad = await make();
        registry.list([twice, bad], 0);
        expect(await failure(bad)).toMatchObject({ reason });
        expect(lease()?.loadedDigests).toEqual([twice.digest]);
        expect(await replica.oip.serverReady({}, { tenant: TENANT })).toMatchObject({ ready: true });
        await expect(replica.infer([[1, 1]], { digest: bad.digest })).rejects.toMatchObject({
          reason: 'MODEL_NOT_READY',
        });
        expect((await replica.infer([[1, 1]])).outputs.map(numbersOf)).toEqual([[2, 2]]);
        const { versions } = await replica.control.getStatus({});
        expect(versions).toContainEqual(
          expect.objectContaining({ digest: bad.digest, state: VersionState.FAILED, failureReason: reason }),
        );
      });
    },
  );
});

describe('a model that does not end', () => {
  /** Lists models that loop four times as long as the one before, until one takes longer to load than it may. */
  async function untilLate(turns = 250_000): Promise<StoredVersion> {
    const looping = await storeVersion(objects, { model: loopModel(turns) });
    registry.list([looping, twice], 1);
    const isLate = await eventually(() => {
      if (lease()?.failures.some(({ digest }) => digest === looping.digest)) return { late: true };
      return lease()?.loadedDigests.includes(looping.digest) && { late: false };
    });
    return isLate.late ? looping : untilLate(turns * 4);
  }

  it('fails with LOAD_TIMEOUT and holds up neither readiness nor the loads of others', async () => {
    let lines: RecordingLog['lines'] = [];
    const linesOf = (text: string) => lines.filter(({ message }) => message === text);
    await withReplica(
      async (replica) => {
        lines = replica.log.lines;
        const looping = await untilLate();
        expect(await failure(looping)).toMatchObject({
          reason: 'LOAD_TIMEOUT',
          detail: 'the load took longer than 2500 ms',
        });
        await loaded(twice);
        await eventually(async () => (await replica.oip.serverReady({}, { tenant: TENANT })).ready);
        expect((await replica.infer([[1, 1]])).outputs.map(numbersOf)).toEqual([[2, 2]]);
        expect((await replica.control.getStatus({})).versions).toContainEqual(
          expect.objectContaining({ digest: looping.digest, failureReason: 'LOAD_TIMEOUT' }),
        );
      },
      { LOAD_TIMEOUT_MS: '2500' },
    );
    const abandoned = linesOf('a runner did not come back from its model and was abandoned');
    expect(abandoned).not.toEqual([]);
    const name = { model: 'flights', modelVersion: '1' };
    for (const { fields } of abandoned) expect(fields).toMatchObject(name);
    const ended = () => linesOf('an abandoned runner came back and has ended');
    await eventually(() => ended().length === abandoned.length);
  });
});

describe('a release', () => {
  it('swaps versions under load without one failed request, each answered by the version it names', async () => {
    registry.list([twice], 0);
    await withReplica(
      async (replica) => {
        await loaded(twice);
        const factors = new Map([
          [twice.digest, 2],
          [thrice.digest, 3],
        ]);
        const seen = new Set<string>();
        let running = true;
        let answered = 0;
        const callers = Array.from({ length: 16 }, async (_, caller) => {
          for (let value = caller; running; value++) {
            const { outputs, trailers } = await replica.infer([[value, 1]]);
            const { digest } = executionOf({ trailers });
            seen.add(digest);
            const factor = factors.get(digest) ?? NaN;
            expect(outputs.map(numbersOf)).toEqual([[value * factor, factor]]);
            answered++;
          }
        });
        for (let swap = 0; swap < 10; swap++) {
          const [from, to] = swap % 2 === 0 ? [twice, thrice] : [thrice, twice];
          registry.list([from, to], 0);
          await loaded(from, to);
          const epoch = registry.list([from, to], 1);
          await eventually(() => lease()?.epoch === epoch);
          registry.list([to], 0);
          await eventually(() => lease()?.loadedDigests.length === 1);
        }
        running = false;
        await Promise.all(callers);
        expect(seen.size).toBe(2);
        expect(answered).toBeGreaterThan(100);
      },
      { UNLOAD_GRACE_MS: '100' },
    );
  });
});

describe('without the registry and without NATS', () => {
  it('a replica starts from the last snapshot and serves', async () => {
    const stateDir = await temporaryDirectory();
    registry.list([twice, thrice], 1);
    const first = await startReplica({ registryAddress: registry.address, objectsDir, stateDir });
    await loaded(twice, thrice);
    await first.stop();
    await registry.close();
    const second = await startReplica({ registryAddress: registry.address, objectsDir, stateDir });
    try {
      const control = createClient(InferenceService, second.channel);
      await eventually(async () =>
        (await control.getStatus({})).versions.every(({ state }) => state === VersionState.READY),
      );
      expect((await second.infer([[1, 2]])).outputs.map(numbersOf)).toEqual([[3, 6]]);
    } finally {
      await second.stop();
    }
  });
});

describe('a hint over NATS', () => {
  it('makes a replica look at the registry long before its interval', async () => {
    const natsUrl = await testEvents();
    const bus = await connectEvents({ url: natsUrl, service: 'registry', log: silentLog });
    registry.list([twice], 0);
    const settings = { FOLLOW_INTERVAL_MS: '3600000' };
    const replica = await startReplica({ registryAddress: registry.address, objectsDir, natsUrl, settings });
    try {
      await loaded(twice);
      registry.list([twice, thrice], 1);
      await eventually(() => bus.ready().then(() => true));
      await bus.publish('plumbline.registry.traffic-changed', 'hint-1', new Uint8Array());
      await loaded(thrice);
      expect((await replica.infer([[1, 1]])).outputs.map(numbersOf)).toEqual([[3, 3]]);
    } finally {
      await replica.stop();
      await bus.close();
    }
  });
});
