import { createServer } from 'node:net';
import { readFileSync } from 'node:fs';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { DefinitionsSchema, FeatureStoreService, type Definitions } from '@plumbline/contract-features';
import { createChannel, createClient, serviceToken, type Client } from '@plumbline/rpc';
import { startService } from '@plumbline/service';
import {
  silentLog,
  temporaryDirectory,
  testDatabase,
  testEvents,
  type TestDatabase,
} from '@plumbline/testing';
import { config } from '../src/config.ts';
import { build } from '../src/server.ts';

export const SECRET = 'shared by the services of this test';

/** Where a feature store of a test keeps what outlives it. */
export interface Surroundings {
  readonly database: TestDatabase;
  readonly natsUrl: string;
  readonly objectsDir: string;
  readonly dataDir: string;
}

export async function surroundings(): Promise<Surroundings> {
  const [database, natsUrl, objectsDir, dataDir] = await Promise.all([
    testDatabase('feature-store'),
    testEvents(),
    temporaryDirectory(),
    temporaryDirectory(),
  ]);
  return { database, natsUrl, objectsDir, dataDir };
}

/** The environment of a feature store process. */
export function environment(around: Surroundings, grpcPort: number): Record<string, string> {
  return {
    GRPC_PORT: String(grpcPort),
    ADMIN_PORT: '0',
    DATABASE_URL: around.database.url,
    NATS_URL: around.natsUrl,
    OBJECTS_DIR: around.objectsDir,
    DATA_DIRECTORIES: around.dataDir,
    PARTITION_ROWS: '2000',
    SERVICE_SECRET: SECRET,
    LOG_LEVEL: 'silent',
  };
}

export type FeatureStoreClient = Client<typeof FeatureStoreService>;

export interface RunningFeatureStore {
  readonly port: number;
  /** A client that acts for a tenant. */
  clientOf(tenant: string): FeatureStoreClient;
  stop(): Promise<void>;
}

/** A feature store within this process, on a port of its own. */
export async function startFeatureStore(around: Surroundings): Promise<RunningFeatureStore> {
  const port = await freePort();
  const values = config.parse(environment(around, port));
  const service = await startService({
    values,
    log: silentLog,
    build: async (scope) => void (await build(scope)),
  });
  await service.built.catch(async (error: unknown) => {
    await service.stop();
    throw error;
  });
  const clients = clientsOf(port);
  return {
    port,
    clientOf: clients.clientOf,
    async stop() {
      clients.close();
      await service.stop();
    },
  };
}

/** Clients of the feature store at a port, one channel per tenant. */
export function clientsOf(port: number) {
  const channels = new Map<string, ReturnType<typeof createChannel>>();
  return {
    clientOf(tenant: string): FeatureStoreClient {
      const metadata = { authorization: serviceToken('gateway', SECRET), 'plumbline-tenant': tenant };
      const channel =
        channels.get(tenant) ??
        createChannel(`127.0.0.1:${port}`, { metadata: () => metadata, defaultTimeoutMs: 20_000 });
      channels.set(tenant, channel);
      return createClient(FeatureStoreService, channel);
    },
    close() {
      for (const channel of channels.values()) channel.close();
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The definitions that the flights journey applies. */
export function flightsDefinitions(): Definitions {
  const file = new URL('../../../tools/launcher/flights/definitions.json', import.meta.url);
  return fromJson(DefinitionsSchema, JSON.parse(readFileSync(file, 'utf8')) as JsonValue);
}
