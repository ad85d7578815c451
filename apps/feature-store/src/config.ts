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

/** Everything that can be set about a feature store; docs/configuration.md is generated from it. */
export const config = defineConfig('feature-store', {
  grpcPort: port(7410, 'gRPC port.'),
  databaseUrl: url({ schemes: ['postgres', 'postgresql'], help: 'Postgres; the schema is feature_store.' }),
  databasePoolSize: integer({
    default: 10,
    min: 2,
    max: 200,
    help: 'Connections at most, jobs not counted.',
  }),
  natsUrl: url({
    schemes: ['nats', 'tls'],
    default: 'nats://127.0.0.1:4222',
    help: 'NATS, for events.',
  }),
  objectsDir: path({
    default: '.plumbline/objects',
    help: 'Directory of the object store: sealed history and data sets.',
  }),
  dataDirectories: string({
    default: 'node_modules/vega-datasets/data',
    help: 'Directories that IngestFile may read, separated by colons; nothing outside them is opened.',
  }),
  serviceSecret: secret({ help: 'Shared secret of the services’ identities.' }),
  maxJobs: integer({ default: 2, min: 1, max: 64, help: 'Offline jobs (loads, data sets) at once.' }),
  jobMemoryMib: integer({
    default: 768,
    min: 256,
    unit: 'MiB',
    help: 'Sizes one job: half of it bounds the heap, a quarter DuckDB, an eighth the filters; the columns of large data sets come on top.',
  }),
  jobThreads: integer({ default: 2, min: 1, max: 64, help: 'DuckDB threads of one job.' }),
  partitionRows: integer({
    default: 65_536,
    min: 100,
    max: 524_288,
    unit: 'rows',
    help: 'Rows of a file that are committed together.',
  }),
  filterCacheMib: integer({
    default: 128,
    min: 1,
    max: 65_536,
    unit: 'MiB',
    help: 'Filters of loaded rows kept for commits; 128 MiB hold those of 33 million rows. More is read again for each batch.',
  }),
  readTimeoutMs: duration({ default: 5_000, min: 50, help: 'Longest query of an online read.' }),
  commitTimeoutMs: duration({ default: 10_000, min: 100, help: 'Longest transaction of a batch of rows.' }),
});

export type FeatureStoreConfig = ConfigValues<typeof config>;
