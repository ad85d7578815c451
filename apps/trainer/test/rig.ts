import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  FeatureStoreService,
  type BuildTrainingSetRequest,
  type BuildTrainingSetResponseSchema,
} from '@plumbline/contract-features';
import {
  RegistryService,
  type AttachEvidenceRequest,
  type RegisterVersionRequest,
} from '@plumbline/contract-registry';
import { TrainerService } from '@plumbline/contract-trainer';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ServiceError } from '@plumbline/errors';
import { fileObjects, type ObjectStore } from '@plumbline/objects';
import { manifestDigest } from '@plumbline/release';
import {
  authenticateServices,
  createChannel,
  createClient,
  createServer,
  implement,
  serviceToken,
  type Client,
  type Implementation,
  type RpcServer,
} from '@plumbline/rpc';
import { startService, type RunningService } from '@plumbline/service';
import { silentLog, temporaryDirectory, testDatabase } from '@plumbline/testing';
import { config } from '../src/config.ts';
import { build } from '../src/server.ts';
import { FEATURES, SOURCES, writeDataset } from './flights.ts';

export const SECRET = 'a secret of this test';
const DAY_US = 86_400_000_000n;
const ROWS_PER_DAY = 1000;

/** A trainer as it is deployed, between stand-ins that speak the true contracts over the true rpc library. */
export interface TrainerRig {
  readonly client: Client<typeof TrainerService>;
  /** What the trainer is configured with. */
  readonly environment: Readonly<Record<string, string>>;
  readonly databaseUrl: string;
  readonly schema: string;
  readonly objects: ObjectStore;
  readonly built: BuildTrainingSetRequest[];
  readonly registered: RegisterVersionRequest[];
  readonly attached: AttachEvidenceRequest[];
  /** Identities that called the stand-ins, "caller tenant". */
  readonly identities: Set<string>;
  /** Makes the registry refuse everything as if it were away. */
  registryAway: boolean;
  /** Held open: data sets are built but not answered until it resolves. */
  holdDatasets: Promise<void>;
  stopTrainer(): Promise<unknown>;
  startTrainer(): Promise<void>;
  close(): Promise<void>;
}

export async function startRig(natsUrl: string): Promise<TrainerRig> {
  const database = await testDatabase('trainer');
  const directory = await temporaryDirectory();
  const objects = fileObjects(directory);
  const rig = {
    databaseUrl: database.url,
    schema: database.schema,
    objects,
    built: [] as BuildTrainingSetRequest[],
    registered: [] as RegisterVersionRequest[],
    attached: [] as AttachEvidenceRequest[],
    identities: new Set<string>(),
    registryAway: false,
    holdDatasets: Promise.resolve(),
  };
  const servers = await Promise.all([featureStore(rig, directory), registry(rig)].map(serve));
  const [featureStoreAddress, registryAddress] = servers.map(({ address }) => address);
  const port = await freePort();
  const environment = {
    GRPC_PORT: String(port),
    ADMIN_PORT: '0',
    DATABASE_URL: database.url,
    NATS_URL: natsUrl,
    OBJECTS_DIR: directory,
    FEATURE_STORE_ADDRESS: featureStoreAddress!,
    REGISTRY_ADDRESS: registryAddress!,
    SERVICE_SECRET: SECRET,
    CODE_COMMIT: 'c0ffee',
    JOB_LEASE_MS: '2s',
  };
  let service: RunningService | undefined;

  async function startTrainer(): Promise<void> {
    service = await startService({
      values: config.parse(environment),
      log: silentLog,
      build: async (scope) => void (await build(scope)),
    });
    await service.built;
  }

  await startTrainer();
  const authorization = serviceToken('launcher', SECRET);
  const channel = createChannel(`127.0.0.1:${port}`, {
    metadata: () => ({ authorization, 'plumbline-tenant': 'acme' }),
  });
  return Object.assign(rig, {
    environment,
    client: createClient(TrainerService, channel),
    startTrainer,
    stopTrainer: async () => service?.stop(),
    async close() {
      channel.close();
      await service?.stop();
      await Promise.all(servers.map(({ server }) => server.close()));
      await database.close();
    },
  });
}

type Rig = Pick<TrainerRig, 'objects' | 'built' | 'registered' | 'attached' | 'identities'> & {
  registryAway: boolean;
  holdDatasets: Promise<void>;
};

/** One row a minute; days outside 2001's first 100 are empty. */
function featureStore(rig: Rig, directory: string): Implementation {
  async function* buildTrainingSet(
    request: BuildTrainingSetRequest,
  ): AsyncGenerator<MessageInitShape<typeof BuildTrainingSetResponseSchema>> {
    rig.built.push(request);
    yield { rowsDone: 1n, rowsTotal: 2n };
    await rig.holdDatasets;
    const days = Number((request.toUs - request.fromUs) / DAY_US);
    if (days > 100) {
      yield { dataset: { digest: `sha256:${'0'.repeat(64)}`, rows: 0n } };
      return;
    }
    const rows = days * ROWS_PER_DAY;
    const file = await writeDataset(directory, { rows, seed: Number(request.fromUs / DAY_US) });
    const { digest, sizeBytes } = await rig.objects.put(await readFile(file.path));
    yield {
      dataset: {
        digest,
        sizeBytes: BigInt(sizeBytes),
        rows: BigInt(rows),
        positives: BigInt(Math.floor(rows / 5)),
        featureServiceVersion: request.featureServiceVersion || 3,
        viewVersions: { airport_outcomes: 1, route_outcomes: 1, departure: 2 },
        features: FEATURES,
        featureSources: SOURCES,
        watermark: 42n,
      },
    };
  }
  return implement(FeatureStoreService, {
    buildTrainingSet: (request, { caller, tenant }) => {
      rig.identities.add(`${caller.id} ${tenant}`);
      return buildTrainingSet(request);
    },
  });
}

function registry(rig: Rig): Implementation {
  const present = (): void => {
    if (rig.registryAway) throw new ServiceError(Code.UNAVAILABLE, 'REGISTRY_AWAY', 'the registry is away');
  };
  return implement(RegistryService, {
    registerVersion: async (request) => {
      present();
      rig.registered.push(request);
      return {
        version: { model: request.model, digest: manifestDigest(request.files), files: request.files },
      };
    },
    attachEvidence: async (request) => {
      present();
      rig.attached.push(request);
      return { existed: false };
    },
    getVersion: async ({ which }) => {
      present();
      const found = rig.registered.find(({ files }) => manifestDigest(files) === which.value);
      if (!found) throw new ServiceError(Code.NOT_FOUND, 'VERSION_NOT_FOUND', 'no such version');
      return { version: { digest: String(which.value), files: found.files } };
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

/** A port for a trainer that is to come back where it was. */
async function freePort(): Promise<number> {
  const server = createServer({
    implementations: [],
    authenticate: authenticateServices(randomUUID()),
    log: silentLog,
  });
  const port = await server.listen('127.0.0.1', 0);
  await server.close();
  return port;
}
