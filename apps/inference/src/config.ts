import {
  address,
  defineConfig,
  duration,
  flag,
  integer,
  oneOf,
  optional,
  path,
  port,
  secret,
  string,
  url,
  type ConfigValues,
} from '@plumbline/service';
import { accessProblems } from './domain/access.ts';
import { repositoryProblems } from './domain/repository/repository-settings.ts';
import { parseDevices, type Device } from './domain/runners/devices.ts';

/** Names of devices, comma-separated. */
const devices = (fallback: Device, help: string) => ({
  kind: 'devices',
  help,
  fallback: { value: [fallback] as readonly Device[], text: fallback },
  bounds: 'cpu | cuda | cuda:<number>',
  secret: false,
  parse: parseDevices,
});

/** A port, or `-` for none. */
const portOrNone = (help: string) => ({
  ...port(undefined, help),
  kind: 'port, or -',
  parse: (text: string): number | 'none' => (text === '-' ? 'none' : port().parse(text)),
});

const settings = {
  grpcPort: port(7430, 'gRPC port.'),
  httpPort: optional(
    portOrNone(
      'HTTP port of the Open Inference Protocol’s REST form; - for none. Unset: GRPC_PORT + 2 with MODEL_REPOSITORY, else none.',
    ),
  ),
  httpMaxJsonBytes: integer({
    default: 4_194_304,
    min: 1_024,
    unit: 'bytes',
    help: 'Longest JSON of a request over HTTP; binary tensors beside it do not count.',
  }),
  modelRepository: optional(
    path({
      urls: 'keep',
      help: 'Folder of a Triton-layout repository to serve in place of the registry’s versions: <model>/<version>/model.onnx. Neither registry nor NATS is contacted then.',
    }),
  ),
  modelControlMode: oneOf(['none', 'poll', 'explicit'], {
    default: 'none',
    help: 'What decides on the models of MODEL_REPOSITORY: all that are there at start; all that are there at any time; the RPCs to load and unload.',
  }),
  loadModels: string({
    default: '',
    help: 'Models loaded at start with MODEL_CONTROL_MODE=explicit, comma-separated; * for all.',
  }),
  pollIntervalMs: duration({
    default: 5_000,
    min: 10,
    help: 'Between two looks at MODEL_REPOSITORY with MODEL_CONTROL_MODE=poll.',
  }),
  anonymousTenant: optional(
    string({
      help: 'Tenant that calls without credentials act for; - refuses such calls. Unset: default with MODEL_REPOSITORY, whose models are that tenant’s, else -.',
    }),
  ),
  allowAnonymousNetwork: flag({
    default: false,
    help: 'Whether calls without credentials may come from beyond this machine, that is, with a HOST that is not loopback.',
  }),
  registryAddress: address('127.0.0.1:7420', 'The registry, whose traffic snapshot is followed.'),
  natsUrl: url({
    schemes: ['nats', 'tls'],
    default: 'nats://127.0.0.1:4222',
    help: 'NATS, for hints that the traffic snapshot changed.',
  }),
  objectsDir: path({
    default: '.plumbline/objects',
    help: 'Directory of the object store, for the files of versions.',
  }),
  stateDir: path({
    default: '.plumbline/inference',
    help: 'Directory of the last known traffic snapshot, for starts without the registry.',
  }),
  serviceSecret: optional(
    secret({
      help: 'Shared secret of the services’ identities. Required without MODEL_REPOSITORY; with it, unset means that calls carry no credentials.',
    }),
  ),
  executionProviders: devices(
    'cpu',
    'Devices that models may run on, comma-separated, the preferred first. One that cannot be used is reported and left out.',
  ),
  memoryBudgetMib: integer({
    default: 0,
    min: 0,
    unit: 'MiB',
    help: 'Most memory of this machine that loaded versions take, those on a GPU included; above it idle versions are unloaded and loaded again on demand. Memory of GPUs is not measured. 0: no bound.',
  }),
  memoryMinIdleMs: duration({
    default: 1_000,
    help: 'A version that was used within it is not unloaded for another that a request waits for; where nobody waits, thirty times as long.',
  }),
  responseCacheBytes: integer({
    default: 67_108_864,
    min: 0,
    unit: 'bytes',
    help: 'Most memory of remembered answers, of versions whose configuration asks for them.',
  }),
  runners: integer({
    default: 1,
    min: 1,
    max: 64,
    unit: 'runners',
    help: 'Runners per version whose configuration has no instance_group: threads, or processes for an untrusted model or one on a GPU.',
  }),
  runDepth: integer({
    default: 2,
    min: 1,
    max: 8,
    unit: 'batches',
    help: 'Batches handed to one runner at once; 2 hides the way to the thread and back.',
  }),
  deviceRuns: integer({
    default: 0,
    min: 0,
    max: 1_024,
    unit: 'runs',
    help: 'Most runs under way on one device, of all versions together; more take turns, so that no version starves another. 0: one per CPU core, two per GPU.',
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
  maxRunnerMemoryMib: integer({
    default: 4_096,
    min: 256,
    unit: 'MiB',
    help: 'Most memory of a runner process, for an untrusted model or one on a GPU; it is killed beyond. An idle one takes about 100.',
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
  runnerNice: integer({
    default: 0,
    min: 0,
    max: 19,
    unit: 'niceness',
    help: 'Of runners, threads and processes alike: above 0 the thread that serves goes first where models keep every core busy. Linux only.',
  }),
};

/** Everything that can be set about an inference replica; docs/configuration.md is generated from it. */
export const config = defineConfig('inference', settings, (values) => [
  ...accessProblems(values),
  ...repositoryProblems(values),
]);

export type InferenceConfig = ConfigValues<typeof config>;
