import { createHash, randomUUID } from 'node:crypto';
import { create, fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AppendRequestSchema,
  AuditService,
  CommitmentSchema,
  type AppendRequest,
} from '@plumbline/contract-audit';
import { FeatureStatus, FeatureStoreService } from '@plumbline/contract-features';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import {
  AuditClass,
  TrafficService,
  TrafficSnapshotSchema,
  RoutePlanSchema,
  type RoutePlan,
  type RouteSchema,
} from '@plumbline/contract-registry';
import { fileObjects } from '@plumbline/objects';
import {
  authenticateServices,
  createServer,
  implement,
  implementRaw,
  type Implementation,
  type RpcServer,
} from '@plumbline/rpc';
import { startService, type RunningService } from '@plumbline/service';
import { formatSignature } from '@plumbline/signature';
import { buildInferResponse, encodeElements } from '@plumbline/tensors';
import { silentLog, temporaryDirectory } from '@plumbline/testing';
import { ServiceError, Code } from '@plumbline/errors';
import { config } from '../src/config.ts';
import { build } from '../src/server.ts';

export const SECRET = 'a secret of this test';
export const API_KEY = 'plk_0123456789abcdef';
export const NO_SCOPE_KEY = 'plk_fedcba9876543210';
export const DIGEST = `sha256:${'a'.repeat(64)}`;
export const CANDIDATE = `sha256:${'b'.repeat(64)}`;

/** How a test's route differs from a mandatory one with one champion. */
export interface RouteChange {
  readonly route?: MessageInitShape<typeof RouteSchema>;
  readonly variants?: { name: string; digest: string; weightBp: number }[];
  readonly shadowDigest?: string;
  readonly shadowShareBp?: number;
  /** Of the API keys; "test" by default. */
  readonly keyName?: string;
}

/** A gateway as it is deployed, in front of services that speak the true contracts over the true rpc library. */
export interface GatewayRig {
  readonly address: string;
  readonly appended: AppendRequest[];
  readonly inferred: { digest: string; tenant: string; caller: string }[];
  /** Makes audit refuse commits as if its database were away. */
  auditAway: boolean;
  /** Makes the registry refuse to tell its snapshot. */
  registryAway: boolean;
  /** Changes the route and waits for nothing: the gateway follows by itself. */
  setRoute(plan: RouteChange): void;
  readonly acknowledged: bigint[];
  close(): Promise<void>;
}

export async function startRig(
  natsUrl: string,
  route: RouteChange = {},
  { registryAway = false } = {},
): Promise<GatewayRig> {
  const directory = await temporaryDirectory();
  const signature = await fileObjects(directory).put(Buffer.from(signatureText()));
  let epoch = 1n;
  let plan = planOf(route);
  const { keyName = 'test' } = route;
  const rig = {
    appended: [] as AppendRequest[],
    inferred: [] as GatewayRig['inferred'],
    acknowledged: [] as bigint[],
    auditAway: false,
    registryAway,
  };

  const traffic = implement(TrafficService, {
    getTrafficSnapshot: async ({ knownEpoch }) => {
      if (rig.registryAway) throw new ServiceError(Code.UNAVAILABLE, 'DATABASE_UNAVAILABLE', 'no database');
      if (knownEpoch === epoch) return { epoch };
      return { epoch, snapshot: snapshotOf(epoch, plan, signature.digest, keyName) };
    },
    reportReplica: async (report) => {
      rig.acknowledged.push(report.epoch);
      return { epoch };
    },
  });
  const servers = await Promise.all([traffic, features(), inference(rig.inferred), audit(rig)].map(serve));
  const [registry, featureStore, inferenceServer, auditServer] = servers.map(({ address }) => address);
  const values = config.parse({
    GRPC_PORT: '0',
    ADMIN_PORT: '0',
    REGISTRY_ADDRESS: registry,
    FEATURE_STORE_ADDRESS: featureStore,
    INFERENCE_ADDRESS: inferenceServer,
    AUDIT_ADDRESS: auditServer,
    NATS_URL: natsUrl,
    OBJECTS_DIR: directory,
    STATE_DIR: `${directory}/state`,
    SERVICE_SECRET: SECRET,
  });
  let port = 0;
  const service: RunningService = await startService({
    values,
    log: silentLog,
    build: async (scope) => void (port = await build(scope)),
  });
  await service.built;
  return Object.assign(rig, {
    address: `127.0.0.1:${port}`,
    setRoute(next: RouteChange) {
      epoch += 1n;
      plan = planOf(next);
    },
    async close() {
      await service.stop();
      await Promise.all(servers.map(({ server }) => server.drain(100)));
    },
  });
}

const planOf = (change: RouteChange): RoutePlan =>
  create(RoutePlanSchema, {
    tenant: 'acme',
    route: change.route ?? {
      name: 'delay',
      model: 'delay',
      featureService: 'flights',
      auditClass: AuditClass.MANDATORY,
    },
    variants: change.variants ?? [{ name: 'champion', digest: DIGEST, weightBp: 10_000 }],
    shadowDigest: change.shadowDigest ?? '',
    shadowShareBp: change.shadowShareBp ?? 0,
    salt: 'salt',
  });

function snapshotOf(epoch: bigint, plan: RoutePlan, signatureDigest: string, keyName: string) {
  const files = [{ path: 'signature.json', digest: signatureDigest, sizeBytes: 1n }];
  const key = (secret: string, scopes: string[]) => ({
    keyId: randomUUID(),
    tenant: 'acme',
    name: keyName,
    secretSha256: createHash('sha256').update(secret).digest(),
    scopes,
  });
  return create(TrafficSnapshotSchema, {
    epoch,
    routes: [plan],
    versions: [DIGEST, CANDIDATE].map((digest) => ({
      tenant: 'acme',
      model: 'delay',
      digest,
      number: 1,
      files,
    })),
    apiKeys: [key(API_KEY, ['predict', 'as-of']), key(NO_SCOPE_KEY, [])],
  });
}

const signatureText = () =>
  formatSignature({
    featureService: 'flights',
    featureServiceVersion: 1,
    inputs: [{ name: 'share', datatype: 'FP32', shape: [-1, 1], feature: 'v:share', source: 'outcomes' }],
    outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
  });

/** Serves the feature v:share = 0.5 of any entity. */
function features(): Implementation {
  return implement(FeatureStoreService, {
    getOnlineFeatures: async ({ entities }) => ({
      featureNames: ['v:share'],
      featureServiceVersion: 1,
      vectors: entities.map(({ asOfUs }) => ({
        values: [{ kind: { case: 'doubleValue', value: 0.5 } }],
        statuses: [FeatureStatus.PRESENT],
        asOfUs: asOfUs || 1n,
        views: [{ view: 'v', version: 1, sequence: 3n, knownAtUs: 1n }],
      })),
    }),
  });
}

/** Answers 0.25 for the champion and 0.75 for the candidate. */
function inference(inferred: GatewayRig['inferred']): Implementation {
  return implementRaw(GRPCInferenceService, {
    ModelInfer: async (_request, context) => {
      const digest = context.requestMetadata.get('plumbline-model-digest') ?? '';
      inferred.push({ digest, tenant: context.tenant, caller: context.caller.id });
      context.responseTrailers.set(
        'plumbline-execution',
        'batch-rows=1;invariance=INVARIANT;invariance-rows=8',
      );
      const raw = encodeElements('FP32', [digest === CANDIDATE ? 0.75 : 0.25]);
      const output = { name: 'probability', datatype: 'FP32' as const, shape: [1, 1], raw };
      return buildInferResponse({ modelName: 'delay', modelVersion: '1', id: '', outputs: [output] });
    },
  });
}

/** Keeps what it is sent, idempotently, as audit does. */
function audit(rig: { appended: AppendRequest[]; auditAway: boolean }): Implementation {
  const eventId = (request: AppendRequest) =>
    Buffer.from(fromBinary(CommitmentSchema, request.commitment).eventId).toString('hex');
  return implement(AuditService, {
    append: async (request) => {
      if (rig.auditAway)
        throw new ServiceError(Code.UNAVAILABLE, 'AUDIT_UNAVAILABLE', 'the database is away');
      const existing = rig.appended.find((other) => eventId(other) === eventId(request));
      if (existing !== undefined)
        return { existing: { commitment: existing.commitment, payload: existing.payload } };
      rig.appended.push(create(AppendRequestSchema, request));
      return {};
    },
  });
}

async function serve(implementation: Implementation): Promise<{ server: RpcServer; address: string }> {
  const server = createServer({
    implementations: [implementation],
    authenticate: authenticateServices(SECRET),
    log: silentLog,
  });
  return { server, address: `127.0.0.1:${await server.listen('127.0.0.1', 0)}` };
}
