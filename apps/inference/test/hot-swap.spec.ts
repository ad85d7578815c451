import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fileObjects } from '@plumbline/objects';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { timesModel } from './models.ts';
import {
  MODEL,
  numbersOf,
  startRegistry,
  startReplica,
  storeVersion,
  type StoredVersion,
} from './replica.ts';
import { modelFolder, startStandalone } from './standalone.ts';

const SWAPS = 25;
const IN_FLIGHT = 8;

let stopping: AbortController;
beforeEach(() => {
  stopping = new AbortController();
});
afterEach(() => stopping.abort());

/** Asks in several loops until stopped; every answer must be one of a whole version. */
function load(ask: (value: number) => Promise<number>, factors: readonly number[]) {
  const { signal } = stopping;
  let answers = 0;
  const failures: unknown[] = [];
  const loops = Array.from({ length: IN_FLIGHT }, async (_, loop) => {
    for (let value = loop + 1; !signal.aborted; value += IN_FLIGHT) {
      try {
        const answer = await ask(value);
        if (!factors.includes(answer / value)) failures.push(`${value} gives ${answer}`);
        answers++;
      } catch (error) {
        failures.push(error);
      }
    }
  });
  return {
    async stop() {
      stopping.abort();
      await Promise.all(loops);
      return { answers, failures };
    },
  };
}

describe('swapping versions under load', () => {
  it('fails no request while a model of a folder is loaded anew', async () => {
    const folder = await modelFolder({ 'm/1/model.onnx': timesModel(2) });
    const server = await startStandalone(folder.root, {
      MODEL_CONTROL_MODE: 'explicit',
      LOAD_MODELS: 'm',
    });
    await server.ready();
    const ask = async (value: number) => (await server.infer('m', [[value, 0]])).y[0] ?? 0;
    const requests = load(ask, [2, 3]);
    for (let swap = 0; swap < SWAPS; swap++) {
      const factor = swap % 2 === 0 ? 3 : 2;
      await folder.put('m/1/model.onnx', timesModel(factor));
      await server.oip.repositoryModelLoad({ modelName: 'm' }, { timeoutMs: 120_000 });
      expect(await ask(1)).toBe(factor);
    }
    const { answers, failures } = await requests.stop();
    await server.stop();
    expect(failures).toEqual([]);
    expect(answers).toBeGreaterThan(SWAPS);
  });

  it('fails no request while the registry lists another version', async () => {
    const objectsDir = await temporaryDirectory();
    const objects = fileObjects(objectsDir);
    const versions = [2, 3].map((factor) => storeVersion(objects, { model: timesModel(factor) }));
    const [twice, thrice] = await Promise.all(versions);
    if (twice === undefined || thrice === undefined) throw new TypeError('nothing was stored');
    const registry = await startRegistry();
    const settings = { UNLOAD_GRACE_MS: '0', FOLLOW_INTERVAL_MS: '100' };
    const replica = await startReplica({ registryAddress: registry.address, objectsDir, settings });
    const ask = async (value: number) => {
      const { outputs } = await replica.infer([[value, 0]], { model: MODEL });
      return outputs.map(numbersOf)[0]?.[0] ?? 0;
    };
    /** Lists versions, and waits until the replica has told that these and no others are loaded. */
    const release = async (listed: StoredVersion[], champion: number) => {
      const epoch = registry.list(listed, champion);
      await eventually(() => {
        const [lease] = [...registry.leases.values()];
        return lease?.epoch === epoch && lease.loadedDigests.length === listed.length;
      });
    };
    await release([twice, thrice], 0);
    const requests = load(ask, [2, 3]);
    for (let swap = 0; swap < SWAPS; swap++) {
      const [from, to, factor] = swap % 2 === 0 ? [twice, thrice, 3] : [thrice, twice, 2];
      await release([from, to], 1);
      expect(await ask(1)).toBe(factor);
      await release([to], 0);
      await release([to, from], 0);
    }
    const { answers, failures } = await requests.stop();
    await replica.stop();
    await registry.close();
    expect(failures).toEqual([]);
    expect(answers).toBeGreaterThan(SWAPS);
  });
});
