import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import { InferenceService } from '@plumbline/contract-inference';
import {
  GoldenSetSchema,
  TrafficService,
  type ReportReplicaRequest,
  type TrafficSnapshot,
  type TrafficSnapshotSchema,
} from '@plumbline/contract-registry';
import type { ObjectStore } from '@plumbline/objects';
import { manifestDigest, type ManifestFile } from '@plumbline/release';
import {
  authenticateServices,
  createChannel,
  createClient,
  createServer,
  implement,
  rawUnary,
  serviceToken,
  type Channel,
  type ReadonlyMetadata,
} from '@plumbline/rpc';
import { startService, type RunningService } from '@plumbline/service';
import { buildInferRequest, parseInferResponse, rawOutputs, type RawTensor } from '@plumbline/tensors';
import { EXECUTION_TRAILER, parseExecution, type Execution } from '@plumbline/traffic';
import {
  eventually,
  recordingLog,
  silentLog,
  temporaryDirectory,
  type RecordingLog,
} from '@plumbline/testing';
import { config } from '../src/config.ts';
import { build } from '../src/server.ts';

const SECRET = 'test-secret';
export const TENANT = 'acme';
export const MODEL = 'flights';

/** Files of a version, stored and named by content. */
export interface StoredVersion {
  readonly digest: string;
  readonly files: readonly ManifestFile[];
}

export interface VersionParts {
  readonly model: Uint8Array;
  readonly golden?: { readonly input: readonly number[]; readonly output: readonly number[] };
  readonly signature?: string;
  readonly config?: string;
}

export async function storeVersion(objects: ObjectStore, parts: VersionParts): Promise<StoredVersion> {
  const contents: Record<string, Uint8Array> = { 'model.onnx': parts.model };
  if (parts.golden !== undefined) contents['golden.pb'] = goldenSet(parts.golden);
  if (parts.signature !== undefined) contents['signature.json'] = Buffer.from(parts.signature);
  if (parts.config !== undefined) contents['config.pbtxt'] = Buffer.from(parts.config);
  const files: ManifestFile[] = [];
  for (const [path, bytes] of Object.entries(contents)) {
    const { digest, sizeBytes } = await objects.put(bytes);
    files.push({ path, digest, sizeBytes: BigInt(sizeBytes) });
  }
  return { digest: manifestDigest(files), files };
}

/** One case of rows of two floats. */
function goldenSet({ input, output }: NonNullable<VersionParts['golden']>): Uint8Array {
  const tensor = (name: string, values: readonly number[]) => ({
    name,
    datatype: 'FP32',
    shape: [BigInt(values.length / 2), 2n],
    data: floats(...values),
  });
  const cases = [{ inputs: [tensor('x', input)], outputs: [tensor('y', output)] }];
  return toBinary(GoldenSetSchema, create(GoldenSetSchema, { cases }));
}

export function floats(...values: number[]): Buffer {
  return Buffer.from(new Float32Array(values).buffer);
}

type Snapshot = MessageInitShape<typeof TrafficSnapshotSchema>;

/** A registry of the true contract over the true transport, whose snapshot the test sets. */
export interface FakeRegistry {
  readonly address: string;
  /** The newest lease of each replica. */
  readonly leases: Map<string, ReportReplicaRequest>;
  /** Lists versions of MODEL as 1, 2, …; `champion` is an index. */
  list(versions: readonly StoredVersion[], champion?: number): bigint;
  close(): Promise<void>;
}

export async function startRegistry(): Promise<FakeRegistry> {
  const leases = new Map<string, ReportReplicaRequest>();
  let snapshot: Snapshot = { epoch: 0n };
  const server = createServer({
    implementations: [
      implement(TrafficService, {
        getTrafficSnapshot: ({ knownEpoch }) => {
          const epoch = snapshot.epoch ?? 0n;
          return knownEpoch === epoch ? { epoch } : { epoch, snapshot: snapshot as TrafficSnapshot };
        },
        reportReplica: (request) => {
          leases.set(request.replicaId, request);
          return { epoch: snapshot.epoch ?? 0n };
        },
      }),
    ],
    authenticate: authenticateServices(SECRET),
    log: silentLog,
  });
  const port = await server.listen('127.0.0.1', 0);
  return {
    address: `127.0.0.1:${port}`,
    leases,
    list(versions, champion) {
      const epoch = (snapshot.epoch ?? 0n) + 1n;
      const chosen = champion === undefined ? undefined : versions[champion];
      snapshot = {
        epoch,
        versions: versions.map(({ digest, files }, index) => ({
          tenant: TENANT,
          model: MODEL,
          digest,
          number: index + 1,
          files: files.map((file) => ({ ...file })),
        })),
        routes: chosen
          ? [
              {
                tenant: TENANT,
                route: { name: MODEL, model: MODEL },
                variants: [{ name: 'champion', digest: chosen.digest }],
              },
            ]
          : [],
      };
      return epoch;
    },
    close: () => server.close(),
  };
}

export interface Answer {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly outputs: readonly RawTensor[];
  readonly trailers: ReadonlyMetadata;
}

/** A whole inference service in this process, its runner threads included, and a client to it. */
export interface Replica {
  readonly service: RunningService;
  readonly log: RecordingLog;
  readonly channel: Channel;
  readonly oip: ReturnType<typeof createClient<typeof GRPCInferenceService>>;
  readonly control: ReturnType<typeof createClient<typeof InferenceService>>;
  infer(rows: readonly number[][], options?: InferOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export interface InferOptions {
  readonly digest?: string;
  readonly version?: string;
  readonly tenant?: string;
  readonly model?: string;
  readonly inputs?: readonly RawTensor[];
  readonly timeoutMs?: number;
  readonly coalesce?: boolean;
}

export interface Surroundings {
  readonly registryAddress: string;
  readonly objectsDir: string;
  readonly stateDir?: string;
  readonly natsUrl?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

export async function startReplica(around: Surroundings): Promise<Replica> {
  const log = recordingLog();
  const values = config.parse({
    GRPC_PORT: '0',
    ADMIN_PORT: '0',
    REGISTRY_ADDRESS: around.registryAddress,
    OBJECTS_DIR: around.objectsDir,
    STATE_DIR: around.stateDir ?? (await temporaryDirectory()),
    NATS_URL: around.natsUrl ?? 'nats://127.0.0.1:1',
    SERVICE_SECRET: SECRET,
    FOLLOW_INTERVAL_MS: '100',
    DEVICE_RUNS: '8', // however few cores the machine has
    ...around.settings,
  });
  const service = await startService({ values, log, build });
  const port = await eventually(
    () => log.lines.find(({ message }) => message === 'serving')?.fields['port'] as number,
  );
  const authorization = serviceToken('gateway', SECRET);
  const channel = createChannel(`127.0.0.1:${port}`, { metadata: () => ({ authorization }) });
  return {
    service,
    log,
    channel,
    oip: createClient(GRPCInferenceService, channel),
    control: createClient(InferenceService, channel),
    infer: (rows, options) => infer(channel, rows, options),
    async stop() {
      channel.close();
      await service.stop();
    },
  };
}

async function infer(
  channel: Channel,
  rows: readonly number[][],
  options: InferOptions = {},
): Promise<Answer> {
  const { digest, version, tenant = TENANT, model = MODEL, timeoutMs = 120_000, coalesce = true } = options;
  const x: RawTensor = {
    name: 'x',
    datatype: 'FP32',
    shape: [rows.length, rows[0]?.length ?? 0],
    raw: floats(...rows.flat()),
  };
  const request = buildInferRequest({
    modelName: model,
    id: 'request-1',
    ...(version === undefined ? {} : { modelVersion: version }),
    inputs: options.inputs ?? [x],
  });
  const { response, trailers } = await rawUnary(
    channel,
    'inference.GRPCInferenceService/ModelInfer',
    request,
    {
      tenant,
      timeoutMs,
      coalesce,
      ...(digest === undefined ? {} : { metadata: { 'plumbline-model-digest': digest } }),
    },
  );
  const view = parseInferResponse(response);
  return { ...view, outputs: rawOutputs(view), trailers };
}

export function executionOf({ trailers }: Pick<Answer, 'trailers'>): Execution {
  return parseExecution(trailers.get(EXECUTION_TRAILER));
}

export function numbersOf({ raw }: RawTensor): number[] {
  return [...new Float32Array(Uint8Array.from(raw).buffer)];
}
