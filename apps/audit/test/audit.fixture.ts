import { createServer } from 'node:net';
import { DeadLetterService } from '@plumbline/contract-events';
import { AuditService } from '@plumbline/contract-audit';
import { Health, HealthCheckResponse_ServingStatus } from '@plumbline/contract-grpc';
import { createChannel, createClient, serviceToken, type Client } from '@plumbline/rpc';
import { startService, type RunningService } from '@plumbline/service';
import {
  silentLog,
  temporaryDirectory,
  testDatabase,
  testEvents,
  type TestDatabase,
} from '@plumbline/testing';
import { config, type AuditConfig } from '../src/config.ts';
import { build } from '../src/server.ts';

export const SECRET = 'shared by the services of this test';
export const ORIGIN = 'plumbline.test/audit';

/** Where an audit of a test keeps what outlives it. */
export interface Surroundings {
  readonly database: TestDatabase;
  readonly natsUrl: string;
  readonly keyDirectory: string;
}

export async function surroundings(): Promise<Surroundings> {
  const [database, natsUrl, keyDirectory] = await Promise.all([
    testDatabase('audit'),
    testEvents(),
    temporaryDirectory(),
  ]);
  return { database, natsUrl, keyDirectory };
}

/** The environment of an audit process. */
export function environment(around: Surroundings, grpcPort: number): Record<string, string> {
  return {
    GRPC_PORT: String(grpcPort),
    ADMIN_PORT: '0',
    DATABASE_URL: around.database.url,
    NATS_URL: around.natsUrl,
    SERVICE_SECRET: SECRET,
    LOG_ORIGIN: ORIGIN,
    KEY_DIRECTORY: around.keyDirectory,
    CHECKPOINT_INTERVAL_MS: '50',
    LOG_LEVEL: 'warn',
  };
}

export interface RunningAudit {
  readonly port: number;
  /** A client that acts for a tenant. */
  clientOf(tenant: string): Client<typeof AuditService>;
  /** Its dead letters, for an operator who acts for a tenant, or for none. */
  deadLettersOf(tenant: string): Client<typeof DeadLetterService>;
  /** What grpc.health.v1 says of AuditService, e.g. `SERVING`. */
  health(): Promise<string | undefined>;
  stop(): Promise<void>;
}

/** An audit within this process, on a port of its own. */
export async function startAudit(around: Surroundings): Promise<RunningAudit> {
  const port = await freePort();
  const values: AuditConfig = config.parse(environment(around, port));
  const service: RunningService = await startService({ values, log: silentLog, build });
  await service.built.catch(async (error: unknown) => {
    await service.stop();
    throw error;
  });
  const clients = clientsOf(port);
  return {
    port,
    clientOf: clients.clientOf,
    deadLettersOf: clients.deadLettersOf,
    async health() {
      const { status } = await clients.health.check({ service: AuditService.typeName });
      return HealthCheckResponse_ServingStatus[status];
    },
    async stop() {
      clients.close();
      await service.stop();
    },
  };
}

/** Clients of the audit at a port, one channel per tenant, coalescing as gateways do. */
export function clientsOf(port: number) {
  const channels = new Map<string, ReturnType<typeof createChannel>>();
  const open = createChannel(`127.0.0.1:${port}`);
  const channelOf = (tenant: string) => {
    const metadata = { authorization: serviceToken('gateway', SECRET), 'plumbline-tenant': tenant };
    const channel =
      channels.get(tenant) ??
      createChannel(`127.0.0.1:${port}`, {
        coalesce: true,
        metadata: () => metadata,
        defaultTimeoutMs: 10_000,
      });
    channels.set(tenant, channel);
    return channel;
  };
  return {
    health: createClient(Health, open),
    clientOf: (tenant: string) => createClient(AuditService, channelOf(tenant)),
    deadLettersOf: (tenant: string) => createClient(DeadLetterService, channelOf(tenant)),
    close() {
      open.close();
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
