import { InferenceService } from '@plumbline/contract-inference';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import {
  implement,
  implementRaw,
  implementRawStreams,
  type Implementation,
  type ServerOptions,
} from '@plumbline/rpc';
import type { InferenceConfig } from './config.ts';
import type { Readiness } from './domain/readiness.ts';
import type { ModelControl } from './domain/repository/model-control.ts';
import type { ResponseCache } from './domain/serving/response-cache.ts';
import type { Engine } from './domain/runners/runner.ts';
import type { VersionTable } from './domain/versions/version-table.ts';
import { httpPort } from './http-facade.ts';
import { getStatus } from './service/get-status.ts';
import { modelConfig } from './service/model-config.ts';
import { modelInfer } from './service/model-infer.ts';
import { modelMetadata } from './service/model-metadata.ts';
import { modelReady } from './service/model-ready.ts';
import { modelStatistics } from './service/model-statistics.ts';
import { modelStreamInfer } from './service/model-stream-infer.ts';
import { repositoryIndex } from './service/repository-index.ts';
import { repositoryModelLoad } from './service/repository-model-load.ts';
import { repositoryModelUnload } from './service/repository-model-unload.ts';
import { serverMetadata } from './service/server-metadata.ts';
import { serverLive, serverReady } from './service/server-ready.ts';

const VERSION = '0.1.0';
/** Requests of one stream that are open at once: a few batches. */
const MAX_STREAM_REQUESTS = 256;
/** A load is to read, open and check a model, and may wait for its turn. */
const LOAD_DEADLINES = 2;

/** What the methods are made of. */
export interface Serving {
  readonly values: InferenceConfig;
  readonly table: VersionTable;
  readonly cache: ResponseCache;
  readonly replicaId: string;
  readonly engine: Engine;
  readonly readiness: Readiness;
  /** Fires when the server shuts down. */
  readonly draining: AbortSignal;
  /** Undefined where the models come from a registry. */
  readonly repository: ModelControl | undefined;
}

/** Every method of the server. */
export function implementations(serving: Serving): Implementation[] {
  const { table, cache, replicaId, engine, readiness, repository, draining, values } = serving;
  const answering = { table, cache, nowMs: () => performance.now() };
  const bounds = { maxRequests: MAX_STREAM_REQUESTS, maxBytes: values.maxMessageBytes };
  const models = { table, repository };
  return [
    implementRaw(GRPCInferenceService, { ModelInfer: modelInfer({ ...answering, replicaId }) }),
    implementRawStreams(GRPCInferenceService, {
      ModelStreamInfer: modelStreamInfer({ ...answering, bounds, draining }),
    }),
    implement(GRPCInferenceService, {
      serverLive,
      serverReady: serverReady(readiness),
      serverMetadata: serverMetadata(VERSION, {
        repository: repository !== undefined,
        http: httpPort(values) !== undefined,
      }),
      modelReady: modelReady(table),
      modelMetadata: modelMetadata(table),
      modelConfig: modelConfig(table),
      modelStatistics: modelStatistics(table),
      repositoryIndex: repositoryIndex(models),
      repositoryModelLoad: repositoryModelLoad(models),
      repositoryModelUnload: repositoryModelUnload(models),
    }),
    implement(InferenceService, { getStatus: getStatus({ table, replicaId, providers: engine.providers }) }),
  ];
}

/** Messages with tensors and files are larger than others, and loads last longer. */
export function methodLimits(values: InferenceConfig): NonNullable<ServerOptions['limits']> {
  const { maxMessageBytes, loadTimeoutMs } = values;
  const path = (name: string) => `${GRPCInferenceService.typeName}/${name}`;
  const load = { maxMessageBytes, defaultDeadlineMs: LOAD_DEADLINES * loadTimeoutMs };
  return {
    perMethod: {
      [path('ModelInfer')]: { maxMessageBytes },
      [path('ModelStreamInfer')]: { maxMessageBytes },
      [path('RepositoryModelLoad')]: load,
      [path('RepositoryModelUnload')]: { defaultDeadlineMs: load.defaultDeadlineMs },
    },
  };
}
