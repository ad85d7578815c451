import {
  defineConfig,
  duration,
  integer,
  path,
  port,
  secret,
  string,
  url,
  type ConfigValues,
} from '@plumbline/service';

/** Every setting of audit. */
export const config = defineConfig('audit', {
  grpcPort: port(7450, 'port of the audit RPCs'),
  databaseUrl: url({ schemes: ['postgres', 'postgresql'], help: 'Postgres that holds the log' }),
  databasePoolSize: integer({ default: 10, min: 4, max: 100, help: 'connections to Postgres' }),
  natsUrl: url({ schemes: ['nats', 'tls'], help: 'JetStream for the events in and out' }),
  serviceSecret: secret({ help: 'secret that the services of the deployment share' }),
  logOrigin: string({
    default: 'plumbline.dev/audit',
    help: 'name of the log in its checkpoints; never changes',
  }),
  keyDirectory: path({ help: 'holds the key that signs checkpoints, made on first start' }),
  checkpointIntervalMs: duration({
    default: 1_000,
    min: 10,
    max: 60_000,
    help: 'pause between checkpoints while the log grows',
  }),
  maxBatch: integer({ default: 256, min: 1, max: 4_096, unit: 'records', help: 'records in one commit' }),
  maxWaiting: integer({
    default: 8_192,
    min: 1,
    max: 1_000_000,
    unit: 'records',
    help: 'records that may wait for a commit before audit refuses more',
  }),
  commitTimeoutMs: duration({ default: 5_000, min: 100, max: 60_000, help: 'a slower commit is given up' }),
});

export type AuditConfig = ConfigValues<typeof config>;
