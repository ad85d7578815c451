import { defineConfig, duration, path, port, secret, url, type ConfigValues } from '@plumbline/service';

export const config = defineConfig('registry', {
  grpcPort: port(7420, 'gRPC port'),
  databaseUrl: url({
    schemes: ['postgres', 'postgresql'],
    help: 'Postgres, as the role of the schema registry',
  }),
  natsUrl: url({ schemes: ['nats', 'tls'], default: 'nats://127.0.0.1:4222', help: 'NATS with JetStream' }),
  objectsDir: path({ default: '.plumbline/objects', help: 'directory of the object store' }),
  serviceSecret: secret({ help: 'shared by the services of a deployment: signs their tokens' }),
  rollbackWindowMs: duration({
    default: 7 * 86_400_000,
    min: 60_000,
    help: 'how long after its release a version may be rolled back without gates',
  }),
  replicaLeaseMs: duration({
    default: 10_000,
    min: 1_000,
    help: 'how long a gateway or inference replica counts as live after its last report',
  }),
  trainingTimeoutMs: duration({
    default: 6 * 3_600_000,
    min: 60_000,
    help: 'after so long without a candidate a training that a rule asked for counts as failed',
  }),
});

export type RegistryConfig = ConfigValues<typeof config>;
