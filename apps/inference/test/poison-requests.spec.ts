import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fileObjects } from '@plumbline/objects';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { divisionModel } from './models.ts';
import {
  executionOf,
  numbersOf,
  startRegistry,
  startReplica,
  storeVersion,
  type FakeRegistry,
} from './replica.ts';

let registry: FakeRegistry;

beforeEach(async () => {
  registry = await startRegistry();
});

afterEach(async () => {
  await registry.close();
});

describe('a request that crashes native code', () => {
  it('fails alone, however it was batched, and the replica serves on', async () => {
    const objectsDir = await temporaryDirectory();
    const golden = { input: [12, 3, 40, 8], output: [16, 7, 45, 13] };
    const version = await storeVersion(fileObjects(objectsDir), { model: divisionModel(), golden });
    registry.list([version], 0);
    const replica = await startReplica({ registryAddress: registry.address, objectsDir });
    try {
      await eventually(() => replica.infer([[12, 3]]));
      const poison = replica.infer([[-(2 ** 63), -1]], { coalesce: true });
      const others = Array.from({ length: 12 }, (_, index) =>
        replica.infer([[12 * (index + 1), 3]], { coalesce: true }),
      );
      await expect(poison).rejects.toMatchObject({ reason: 'REQUEST_CRASHED_RUNNER' });
      for (const [index, answer] of (await Promise.all(others)).entries()) {
        const quotient = 4 * (index + 1);
        expect(answer.outputs.map(numbersOf)).toEqual([[3 * quotient + quotient, 3 + quotient]]);
        expect(executionOf(answer).invariance).toBe('INVARIANT');
      }
    } finally {
      await replica.stop();
    }
  });
});
