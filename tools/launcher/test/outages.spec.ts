import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordKind } from '@plumbline/contract-audit';
import { until } from '../src/journey/retry.ts';
import { DOCUMENTED, verdict } from './hostile/documented-reasons.ts';
import type { Outcome } from './hostile/plain-grpc.ts';
import { predict } from './hostile/predict.ts';
import { SmallPlatform } from './hostile/small-platform.ts';
import { MODEL, outcomes, type SmallTenant } from './hostile/small-tenant.ts';

let platform: SmallPlatform;
let acme: SmallTenant;

beforeAll(async () => {
  platform = await SmallPlatform.start();
  acme = await platform.createTenant('acme');
});
afterAll(() => platform.close());

describe('an outage', () => {
  /** Every id that was asked for, whatever came of it. */
  const asked: string[] = [];

  async function ask(deadlineMs = 1_500): Promise<Outcome> {
    const predictionId = randomUUID();
    asked.push(predictionId);
    return predict(platform.clientOf('gateway'), acme, { predictionId }, { deadlineMs });
  }

  /** Longer than any machine takes for what does not hang. */
  const LONG_MS = 60_000;
  /** A server that hangs is told from a slow one by time alone; one that is gone is known at once. */
  const HANGING = ['DEADLINE_EXCEEDED', 'UNAVAILABLE'];
  const GONE = ['UNAVAILABLE'];

  async function answersAgain(): Promise<void> {
    await until(
      'predictions being answered again',
      () => ask(LONG_MS),
      ({ code }) => code === 'OK',
    );
  }

  const control = (timeoutMs: number): Readonly<Record<string, () => Promise<unknown>>> => {
    const { features, registry, monitor, audit, trainer } = acme.clients;
    const within = { timeoutMs };
    return {
      'reading definitions': () => features.getDefinitions({}, within),
      'ingesting rows': () => features.ingestRows({ ...outcomes(1, 2_000), batchId: randomUUID() }, within),
      'listing versions': () => registry.listVersions({ model: MODEL }, within),
      'creating a model': () => registry.createModel({ model: 'another' }, within),
      'counting predictions': () => monitor.getCounts({ model: MODEL }, within),
      'counting records': () => audit.countRecords({}, within),
      'asking for a job': () => trainer.getJob({ jobId: randomUUID() }, within),
    };
  };

  async function expectRefusals(codes: readonly string[], timeoutMs: number): Promise<void> {
    const refusals = Object.entries(control(timeoutMs)).map(async ([what, call]) => {
      const error: unknown = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const { codeName = 'OK', reason = '' } = (error ?? {}) as { codeName?: string; reason?: string };
      expect([what, codes.includes(codeName), DOCUMENTED.has(`${codeName}/${reason}`)]).toEqual([
        what,
        true,
        true,
      ]);
    });
    await Promise.all(refusals);
  }

  it('of a Postgres that hangs makes calls fail in time with a reason, and ends with it', async () => {
    const thaw = platform.servers.freezePostgres();
    try {
      await expectRefusals(HANGING, 1_500);
      expect(HANGING).toContain((await ask()).code);
    } finally {
      thaw();
    }
    await answersAgain();
  });

  it('of a Postgres that was killed makes calls fail UNAVAILABLE with a reason, and ends with it', async () => {
    const restart = await platform.servers.killPostgres();
    await expectRefusals(GONE, LONG_MS);
    const outcome = await ask(LONG_MS);
    expect(GONE).toContain(outcome.code);
    expect(DOCUMENTED).toContain(verdict(outcome));
    await restart();
    await answersAgain();
  });

  it('of the broker holds nobody up: what it should have carried follows when it is back', async () => {
    const restart = await platform.servers.killNats();
    for (let count = 0; count < 20; count++) expect(verdict(await ask(LONG_MS))).toBe('OK');
    const readiness = await fetch(`http://127.0.0.1:${platform.basePort + 41}/readyz`);
    expect(readiness.status).toBe(503);
    await restart();
  });

  it('loses nothing that was acknowledged: retries under the same ids make every record exactly once', async () => {
    for (const predictionId of asked) {
      const outcome = await predict(platform.clientOf('gateway'), acme, { predictionId });
      expect(verdict(outcome)).toBe('OK');
    }
    const { audit, monitor } = acme.clients;
    const { counts } = await until(
      'every record becoming a leaf',
      () => audit.countRecords({}),
      ({ counts: all }) => all.every(({ leaves, records }) => leaves === records),
    );
    const predictions = counts.find(({ kind }) => kind === RecordKind.PREDICTION);
    expect(predictions?.records).toBe(predictions?.distinctIds);
    expect(Number(predictions?.records)).toBeGreaterThanOrEqual(asked.length);
    const seen = await until(
      'the monitor catching up',
      () => monitor.getCounts({ model: MODEL }),
      (counted) => counted.predictions === predictions?.records,
    );
    expect(seen.predictions).toBe(predictions?.records);
  });
});
