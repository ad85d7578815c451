import { createHash, randomUUID } from 'node:crypto';
import {
  GateVerdict,
  RegistryService,
  TenantService,
  TrafficService,
  type Release,
  type Version,
} from '@plumbline/contract-registry';
import { fileObjects, type ObjectStore } from '@plumbline/objects';
import { createChannel, createClient, serviceToken, type Channel, type Client } from '@plumbline/rpc';
import { startService, type RunningService } from '@plumbline/service';
import { openDatabase, type Database } from '@plumbline/sql';
import {
  fakeClock,
  silentLog,
  temporaryDirectory,
  testDatabase,
  testEvents,
  type FakeClock,
  type TestDatabase,
} from '@plumbline/testing';
import { config } from '../src/config.ts';
import { serve } from '../src/server.ts';

const SECRET = 'test-secret';

export interface Clients {
  readonly registry: Client<typeof RegistryService>;
  readonly tenants: Client<typeof TenantService>;
  readonly traffic: Client<typeof TrafficService>;
}

/** A registry on a database of its own, with clients by service identity. */
export interface Harness {
  readonly clock: FakeClock;
  readonly objects: ObjectStore;
  readonly objectsDir: string;
  readonly natsUrl: string;
  readonly database: Database;
  readonly testDatabase: TestDatabase;
  readonly address: string;
  readonly service: RunningService;
  as(identity: string, metadata?: Record<string, string>): Clients;
  close(): Promise<void>;
}

export async function startRegistry(tenant = 'acme'): Promise<Harness> {
  const postgres = await testDatabase('registry');
  const parts = {
    testDatabase: postgres,
    natsUrl: await testEvents(),
    objectsDir: await temporaryDirectory(),
    clock: fakeClock(),
  };
  const harness = await startInstance(parts, tenant, () => postgres.close());
  await harness.as('operator').tenants.createTenant({ tenant });
  return harness;
}

/** Another registry of the same deployment: the same database, stream, objects and clock. */
export function startPeer(harness: Harness): Promise<Harness> {
  return startInstance(harness, 'acme', () => Promise.resolve());
}

async function startInstance(
  parts: Pick<Harness, 'testDatabase' | 'natsUrl' | 'objectsDir' | 'clock'>,
  tenant: string,
  cleanUp: () => Promise<void>,
): Promise<Harness> {
  const { testDatabase: postgres, natsUrl, objectsDir, clock } = parts;
  const values = config.parse({
    ...{ GRPC_PORT: '0', ADMIN_PORT: '0', SERVICE_SECRET: SECRET, DRAIN_TIMEOUT_MS: '2000' },
    ...{ DATABASE_URL: postgres.url, NATS_URL: natsUrl, OBJECTS_DIR: objectsDir },
  });
  let port = 0;
  const service = await startService({
    ...{ values, clock, log: silentLog },
    build: async (scope) => {
      port = await serve(scope);
    },
  });
  await service.built.catch(async (error: unknown) => {
    await service.stop();
    throw error;
  });
  const database = openDatabase({ url: postgres.url, schema: 'registry', log: silentLog });
  const address = `127.0.0.1:${port}`;
  const channels: Channel[] = [];

  function as(identity: string, metadata: Record<string, string> = {}): Clients {
    const authorization = serviceToken(identity, SECRET);
    const channel = createChannel(address, {
      metadata: () => ({ authorization, 'plumbline-tenant': tenant, ...metadata }),
    });
    channels.push(channel);
    return {
      registry: createClient(RegistryService, channel),
      tenants: createClient(TenantService, channel),
      traffic: createClient(TrafficService, channel),
    };
  }

  return {
    ...parts,
    ...{ database, address, service, as },
    objects: fileObjects(objectsDir),
    async close() {
      for (const channel of channels) channel.close();
      await service.stop();
      await database.close();
      await cleanUp();
    },
  };
}

const FILES = ['model.onnx', 'signature.json', 'baseline.pb', 'golden.pb', 'metadata.json'];

/** Puts the files of a version into the object store; `content` makes it different from others. */
export async function putFiles(objects: ObjectStore, content: string) {
  return Promise.all(
    FILES.map(async (path) => {
      const { digest, sizeBytes } = await objects.put(Buffer.from(`${path} of ${content}`));
      return { path, digest, sizeBytes: BigInt(sizeBytes) };
    }),
  );
}

export async function registerVersion(
  harness: Harness,
  model: string,
  content: string,
  jobId = '',
): Promise<Version> {
  const { registry } = harness.as('trainer');
  const files = await putFiles(harness.objects, content);
  const { version } = await registry.registerVersion({ model, files, provenance: { jobId } });
  return version as Version;
}

const metric = (name: string, value: number) => ({
  ...{ name, value, lower: value - 0.001, upper: value + 0.001 },
  ...{ confidence: 0.95, n: 1_000n, slice: 'all' },
});

/** Attaches evidence and judges by it: against a feature, or against the alias's version where `other` is given. */
export async function passGate(
  harness: Harness,
  model: string,
  digest: string,
  other?: string,
): Promise<string> {
  const { registry } = harness.as('operator');
  const comparison =
    other === undefined
      ? { otherKind: 'feature', other: 'late_share_24h', difference: metric('roc_auc', 0.05) }
      : { otherKind: 'version', other, difference: metric('roc_auc', 0.001) };
  await registry.attachEvidence({
    ...{ model, digest },
    evidence: { evidenceId: randomUUID(), kind: 'comparison', comparisons: [comparison] },
  });
  const { decisionId, verdict } = await registry.evaluateGate({
    ...{ model, digest },
    gate: other === undefined ? BETTER : NOT_WORSE,
  });
  if (verdict !== GateVerdict.PASSED) throw new Error(`the gate is ${GateVerdict[verdict]}`);
  return decisionId;
}

export const BETTER = {
  name: 'better_than_baseline',
  conditions: [
    {
      ...{ metric: 'roc_auc', differenceLowerAbove: 0, minExamples: 100n },
      subject: { case: 'otherFeature' as const, value: 'late_share_24h' },
    },
  ],
};

export const NOT_WORSE = {
  name: 'not_worse_than_champion',
  conditions: [
    {
      ...{ metric: 'roc_auc', differenceLowerAbove: -0.005, minExamples: 100n },
      subject: { case: 'otherAlias' as const, value: 'champion' },
    },
  ],
};

/** Attaches evidence of a rollout's step and answers its id. */
export async function attachStepEvidence(
  harness: Harness,
  model: string,
  digest: string,
  kind: 'shadow' | 'evaluation',
  failureRate = 0,
): Promise<string> {
  const evidenceId = randomUUID();
  await harness.as('operator').registry.attachEvidence({
    ...{ model, digest },
    evidence: {
      ...{ evidenceId, kind },
      metrics: [
        {
          ...{ name: 'failure_rate', value: failureRate, lower: failureRate, upper: failureRate },
          ...{ confidence: 0.95, n: 100n, slice: 'all' },
        },
      ],
    },
  });
  return evidenceId;
}

export interface Released {
  readonly digest: string;
  readonly release: Release;
  readonly epoch: bigint;
}

/** Registers a version, passes the gate and makes it the champion. */
export async function releaseChampion(
  harness: Harness,
  model: string,
  content: string,
  expectedDigest = '',
): Promise<Released> {
  const { digest } = await registerVersion(harness, model, content);
  const other = expectedDigest === '' ? undefined : expectedDigest;
  const decisionId = await passGate(harness, model, digest, other);
  const { release, epoch } = await harness.as('operator').registry.moveAlias({
    ...{ model, alias: 'champion', digest, expectedDigest, reason: 'test' },
    decisionIds: [decisionId],
  });
  return { digest, release: release as Release, epoch };
}

export const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
