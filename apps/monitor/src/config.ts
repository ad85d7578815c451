import {
  address,
  defineConfig,
  duration,
  integer,
  path,
  port,
  secret,
  url,
  type ConfigValues,
} from '@plumbline/service';

/** Everything that can be set about monitor; docs/configuration.md is generated from it. */
export const config = defineConfig('monitor', {
  grpcPort: port(7440, 'gRPC port.'),
  databaseUrl: url({ schemes: ['postgres', 'postgresql'], help: 'Postgres, role and schema of monitor.' }),
  databasePoolSize: integer({ default: 8, min: 3, unit: 'connections', help: 'Connections to Postgres.' }),
  natsUrl: url({
    schemes: ['nats', 'tls'],
    default: 'nats://127.0.0.1:4222',
    help: 'NATS, for events in and out.',
  }),
  registryAddress: address('127.0.0.1:7420', 'The registry, for versions seen for the first time.'),
  objectsDir: path({
    default: '.plumbline/objects',
    help: 'Directory of the object store, for baselines.',
  }),
  roundIntervalMs: duration({
    default: 1_000,
    min: 50,
    help: 'Longest time until due windows are judged without a prediction or label to prompt it.',
  }),
  labelPatienceMs: duration({
    default: 2_000,
    help: 'How long a midnight is held back while labels wait for predictions that may be under way.',
  }),
  serviceSecret: secret({ help: 'Shared secret of the services’ identities.' }),
});

export type MonitorConfig = ConfigValues<typeof config>;
