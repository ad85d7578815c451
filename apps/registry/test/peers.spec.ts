import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startReplica } from './fake-replica.ts';
import {
  passGate,
  registerVersion,
  releaseChampion,
  startPeer,
  startRegistry,
  type Harness,
} from './harness.ts';

let one: Harness;
let other: Harness;
beforeAll(async () => {
  one = await startRegistry();
  other = await startPeer(one);
  await one.as('operator').registry.createModel({ model: 'flights' });
});
afterAll(async () => {
  await other.close();
  await one.close();
});

describe('two registries of one deployment', () => {
  it('answer for each other: a change by one is waited for at the other', async () => {
    const gateway = await startReplica(one, 'gateway', 'gateway');
    const inference = await startReplica(other, 'inference', 'inference');
    try {
      await one
        .as('operator')
        .registry.putRoute({ route: { name: 'r', model: 'flights', alias: 'champion' } });
      const { digest, epoch } = await releaseChampion(one, 'flights', 'a');
      const waited = await other.as('operator').traffic.waitForEpoch({ epoch }, { timeoutMs: 5_000 });
      expect(waited.replicaIds).toEqual(['gateway', 'inference']);
      expect(gateway.snapshot?.routes[0]?.variants).toMatchObject([{ digest, weightBp: 10_000 }]);
    } finally {
      await gateway.close();
      await inference.close();
    }
  });

  it('let one of two racing moves win', async () => {
    const operators = [one.as('operator'), other.as('operator')];
    await one.as('operator').registry.createModel({ model: 'raced' });
    const { digest } = await registerVersion(one, 'raced', 'a');
    const decisionIds = [await passGate(one, 'raced', digest)];
    const outcomes = await Promise.allSettled(
      operators.map(({ registry }) =>
        registry.moveAlias({ model: 'raced', alias: 'champion', digest, decisionIds }),
      ),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
