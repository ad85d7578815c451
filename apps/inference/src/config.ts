import { address, defineConfig, duration, integer, port, secret, string, url } from '@plumbline/service';

/** Everything that can be set about an inference replica; docs/configuration.md is generated from it. */
export const config = defineConfig('inference', {
  grpcPort: port(7430, 'gRPC port.'),
  registryAddress: address('127.0.0.1:7420', 'The registry, whose traffic snapshot is followed.'),
  natsUrl: url({
    schemes: ['nats', 'tls'],
    default: 'nats://127.0.0.1:4222',
    help: 'NATS, for hints that the traffic snapshot changed.',
  }),
  objectsDir: string({
    default: '.plumbline/objects',
    help: 'Directory of the object store, for the files of versions.',
  }),
  stateDir: string({
    default: '.plumbline/inference',
    help: 'Directory of the last known traffic snapshot, for starts without the registry.',
  }),
  serviceSecret: secret({ help: 'Shared secret of the services’ identities.' }),
  runners: integer({ default: 1, min: 1, max: 64, unit: 'threads', help: 'Runner threads per version.' }),
  runDepth: integer({
    default: 2,
    min: 1,
    max: 8,
    unit: 'batches',
    help: 'Batches handed to one runner at once; 2 hides the way to the thread and back.',
  }),
  maxBatchRows: integer({ default: 64, min: 1, max: 65_536, unit: 'rows', help: 'Most rows of a batch.' }),
  maxQueuedRows: integer({
    default: 8_192,
    min: 1,
    unit: 'rows',
    help: 'Most rows that wait per version before requests are refused.',
  }),
  maxMessageBytes: integer({
    default: 16_777_216,
    min: 65_536,
    unit: 'bytes',
    help: 'Largest inference request.',
  }),
  concurrentLoads: integer({
    default: 1,
    min: 1,
    max: 16,
    unit: 'versions',
    help: 'Versions loaded at once.',
  }),
  loadTimeoutMs: duration({
    default: 60_000,
    min: 100,
    max: 86_400_000,
    help: 'Longest time that a version may take to be read, opened, warmed up and checked before it counts as failed.',
  }),
  runTimeoutMs: duration({
    default: 30_000,
    min: 10,
    max: 86_400_000,
    help: 'Longest time of one run of a model before its batch fails and its runner is replaced.',
  }),
  maxAbandonedRunners: integer({
    default: 4,
    min: 1,
    max: 64,
    unit: 'threads',
    help: 'Runner threads that never came back from a model before no further model is opened.',
  }),
  unloadGraceMs: duration({
    default: 10_000,
    help: 'How long a version that is no longer listed still answers gateways that lag behind.',
  }),
  followIntervalMs: duration({
    default: 2_000,
    min: 100,
    help: 'Between two looks at the registry; also the renewal of the lease.',
  }),
  maxModelNodes: integer({
    default: 200_000,
    min: 1,
    unit: 'nodes',
    help: 'Most ONNX nodes of a model that is loaded.',
  }),
  runnerHeapMib: integer({
    default: 256,
    min: 16,
    unit: 'MiB',
    help: 'JavaScript heap of a runner thread; models and tensors do not count.',
  }),
});
