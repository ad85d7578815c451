import { randomUUID } from 'node:crypto';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { EnvelopeSchema, PredictionsRecordedSchema } from '@plumbline/contract-events';
import { MonitorService, ProfileSchema } from '@plumbline/contract-monitor';
import { RegistryService } from '@plumbline/contract-registry';
import { Code, ServiceError } from '@plumbline/errors';
import { connectEvents, type EventBus } from '@plumbline/events';
import { fileObjects } from '@plumbline/objects';
import {
  authenticateServices,
  createChannel,
  createClient,
  createServer,
  implement,
  serviceToken,
  type Client,
} from '@plumbline/rpc';
import { startService, type RunningService } from '@plumbline/service';
import { openDatabase, type Database } from '@plumbline/sql';
import type { Profile } from '@plumbline/statistics';
import { fakeClock, silentLog, temporaryDirectory, testDatabase, testEvents } from '@plumbline/testing';
import { config } from '../src/config.ts';
import { serve } from '../src/server.ts';

const SECRET = 'test-secret';
/** Later than everything that the synthetic flights do: 1 May 2001. */
const NOW_US = BigInt(Date.UTC(2001, 4, 1)) * 1_000n;

export const MODEL = 'flight_delay';
export const DIGEST = `sha256:${'a'.repeat(64)}`;

export type RecordedInit = NonNullable<
  MessageInitShape<typeof PredictionsRecordedSchema>['predictions']
>[number];

/** A monitor on its own database and stream, beside a registry that knows one version of one model. */
export interface MonitorRig {
  readonly database: Database;
  readonly bus: EventBus;
  client(tenant: string): Client<typeof MonitorService>;
  /** Publishes a predictions-recorded event, under a new id unless one is given. */
  publish(tenant: string, predictions: readonly RecordedInit[], eventId?: string): Promise<void>;
  /** What a monitor on the same database and stream is configured by. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<unknown>;
  /** Stops the monitor and starts another one on the same database. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A version's profile, other bytes in its place, or undefined for a version without one. */
type Baseline = Profile | Uint8Array | undefined;

/** `others` are baselines of particular versions by their digests. */
export async function startMonitor(
  baseline: Baseline,
  others: ReadonlyMap<string, Baseline> = new Map(),
): Promise<MonitorRig> {
  const postgres = await testDatabase('monitor');
  const natsUrl = await testEvents();
  const objectsDir = await temporaryDirectory();
  const registry = await startRegistryStub(
    (digest) => (others.has(digest) ? others.get(digest) : baseline),
    objectsDir,
  );
  const database = openDatabase({ url: postgres.url, schema: 'monitor', poolSize: 3, log: silentLog });
  const bus = await connectEvents({ url: natsUrl, service: 'audit', log: silentLog });
  const environment = {
    ...{ GRPC_PORT: '0', ADMIN_PORT: '0', SERVICE_SECRET: SECRET, DRAIN_TIMEOUT_MS: '3000' },
    ...{ DATABASE_URL: postgres.url, NATS_URL: natsUrl, OBJECTS_DIR: objectsDir, ROUND_INTERVAL_MS: '50' },
    REGISTRY_ADDRESS: `127.0.0.1:${registry.port}`,
  };
  const values = config.parse(environment);
  let port = 0;
  let service = await start();
  let channel = createChannel(`127.0.0.1:${port}`);

  async function start(): Promise<RunningService> {
    const running = await startService({
      ...{ values, clock: fakeClock(NOW_US), log: silentLog },
      build: async (scope) => {
        port = await serve(scope);
      },
    });
    await running.built;
    return running;
  }

  return {
    database,
    bus,
    environment,
    stop: () => service.stop(),
    client: (tenant) => {
      const authorization = serviceToken('launcher', SECRET);
      channel = createChannel(`127.0.0.1:${port}`, {
        metadata: () => ({ authorization, 'plumbline-tenant': tenant }),
      });
      return createClient(MonitorService, channel);
    },
    async publish(tenant, predictions, eventId = randomUUID()) {
      const message = create(PredictionsRecordedSchema, { predictions: [...predictions] });
      const envelope = create(EnvelopeSchema, {
        id: eventId,
        type: PredictionsRecordedSchema.typeName,
        tenant,
        payload: toBinary(PredictionsRecordedSchema, message),
        occurredAt: { seconds: 1n, nanos: 0 },
      });
      // A message id of its own: repetitions must reach the monitor and not end in the stream's own dedupe.
      const bytes = toBinary(EnvelopeSchema, envelope);
      await bus.publish('plumbline.audit.predictions-recorded', randomUUID(), bytes);
    },
    async restart() {
      await service.stop();
      service = await start();
    },
    async close() {
      channel.close();
      await service.stop();
      await registry.close();
      await bus.close();
      await database.close();
      await postgres.close();
    },
  };
}

async function startRegistryStub(
  baselineOf: (digest: string) => Baseline,
  objectsDir: string,
): Promise<{ port: number; close(): Promise<void> }> {
  const metrics = [{ name: 'roc_auc', value: 0.71, lower: 0.7, upper: 0.72, confidence: 0.95, n: 1000n }];
  const server = createServer({
    implementations: [
      implement(RegistryService, {
        getVersion: async ({ model, which }) => {
          if (model !== MODEL)
            throw new ServiceError(Code.NOT_FOUND, 'MODEL_NOT_FOUND', `no model "${model}"`);
          const digest = String(which.value);
          const baseline = baselineOf(digest);
          const files = baseline === undefined ? [] : [await storeBaseline(baseline, objectsDir)];
          return { version: { model, digest, files, metrics } };
        },
      }),
    ],
    authenticate: authenticateServices(SECRET),
    log: silentLog,
  });
  const port = await server.listen('127.0.0.1', 0);
  return { port, close: () => server.close() };
}

async function storeBaseline(
  baseline: NonNullable<Baseline>,
  objectsDir: string,
): Promise<{ path: string; digest: string; sizeBytes: bigint }> {
  const bytes =
    baseline instanceof Uint8Array ? baseline : toBinary(ProfileSchema, create(ProfileSchema, baseline));
  const { digest, sizeBytes } = await fileObjects(objectsDir).put(bytes);
  return { path: 'baseline.pb', digest, sizeBytes: BigInt(sizeBytes) };
}
