import {
  address,
  defineConfig,
  duration,
  integer,
  path,
  port,
  secret,
  string,
  url,
} from '@plumbline/service';

/** Everything that can be set about a trainer; docs/configuration.md is generated from it. */
export const config = defineConfig('trainer', {
  grpcPort: port(7460, 'gRPC port.'),
  databaseUrl: url({ schemes: ['postgres', 'postgresql'], help: 'Postgres, for jobs.' }),
  natsUrl: url({
    schemes: ['nats', 'tls'],
    default: 'nats://127.0.0.1:4222',
    help: 'NATS, for training requests and proposals.',
  }),
  objectsDir: path({
    default: '.plumbline/objects',
    help: 'Directory of the object store: data sets in, models out.',
  }),
  featureStoreAddress: address('127.0.0.1:7410', 'The feature store, for data sets.'),
  registryAddress: address('127.0.0.1:7420', 'The registry, for proposals and evidence.'),
  serviceSecret: secret({ help: 'Shared secret of the services’ identities.' }),
  engineMemoryMib: integer({
    default: 3072,
    min: 256,
    unit: 'MiB',
    help: 'Most memory of a process that fits or scores.',
  }),
  engineProcesses: integer({
    default: 2,
    min: 1,
    max: 64,
    unit: 'processes',
    help: 'Processes that fit or score at once; one job and any evaluations share them.',
  }),
  engineTimeoutMs: duration({
    default: 3_600_000,
    min: 1_000,
    help: 'Longest time for building a data set, and for fitting or scoring.',
  }),
  jobLeaseMs: duration({
    default: 15_000,
    min: 1_000,
    help: 'After so much silence of a trainer another one takes its job.',
  }),
  codeCommit: string({
    default: '',
    help: 'Commit of the code that runs, for lineage. Empty: asked of git, else "unknown".',
  }),
});
