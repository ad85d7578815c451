import { randomUUID } from 'node:crypto';
import { createServer, rpcErrors, type RpcServer } from '@plumbline/rpc';
import type { Scope } from '@plumbline/service';
import type { Registry } from 'prom-client';
import { authenticateCallers } from './callers.ts';
import type { InferenceConfig } from './config.ts';
import { Readiness } from './domain/readiness.ts';
import { ResponseCache } from './domain/serving/response-cache.ts';
import type { Engine } from './domain/runners/runner.ts';
import type { VersionSource } from './domain/versions/version-source.ts';
import { mountHttp } from './http-facade.ts';
import { implementations, methodLimits, type Serving } from './implementations.ts';
import { exposeAbandoned, exposeCache, exposeMemory } from './metrics.ts';
import { versionTable } from './open-versions.ts';
import type { Origin } from './sources/origin.ts';
import { registryOrigin } from './sources/registry.ts';
import { repositoryOrigin } from './sources/repository.ts';
import { startEngine } from './start-engine.ts';
import { exposeVersions } from './version-metrics.ts';

/**
 * Wires an inference replica.
 * @param onEngine told of the engine, whose abandoned runners concern the end of the process.
 */
export async function build(
  scope: Scope<InferenceConfig>,
  onEngine: (engine: Engine) => void = () => undefined,
): Promise<void> {
  const { config: values, log } = scope;
  const engine = await startEngine(values, log);
  onEngine(engine);
  const shutdown = new AbortController();
  const { source, ...opened } = await openVersions(scope, engine);
  const serving = { ...opened, draining: shutdown.signal };
  const server = serverOf(scope, serving);
  expose(scope.metrics, serving);
  // What is adopted last is closed first.
  scope.adopt(engine, 'engine');
  scope.adopt(serving.table, 'versions');
  scope.adopt(server, 'server');
  scope.onDrain((graceMs) => {
    shutdown.abort(rpcErrors.SHUTTING_DOWN('the server is shutting down'));
    return server.drain(graceMs);
  });
  const http = mountHttp(scope, server);
  // Drains run last registered first: the registry counts this replica out before calls are refused.
  scope.onDrain(() => source.close());
  scope.servesWhenReady(server.health);

  await source.start();
  const port = await server.listen(values.host, values.grpcPort);
  log.info({ port, replica: serving.replicaId }, 'serving');
  await http?.listen();
}

/** The versions that are served, none yet, and where this replica learns of them. */
async function openVersions(
  scope: Scope<InferenceConfig>,
  engine: Engine,
): Promise<Omit<Serving, 'draining'> & { readonly source: VersionSource }> {
  const { config: values, log } = scope;
  const replicaId = `inference-${randomUUID()}`;
  const origin = await openOrigin(scope, replicaId);
  const cache = new ResponseCache(values.responseCacheBytes);
  const table = versionTable(values, engine, origin, log, (digest, state) => {
    if (state === 'GONE') cache.forget(digest);
    source.kick();
  });
  const { source, repository } = origin.follow(table, () => readiness.look());
  const readiness = new Readiness(() => source.known && table.settled, scope.signal);
  scope.readiness('versions', async () => {
    if (readiness.ready) return;
    if (scope.signal.aborted) throw new Error('the replica is stopping');
    throw new Error(source.known ? 'versions are being loaded' : 'it is not known yet what to serve');
  });
  return { values, table, cache, replicaId, engine, readiness, repository, source };
}

function serverOf({ config: values, log, metrics }: Scope<InferenceConfig>, serving: Serving): RpcServer {
  return createServer({
    implementations: implementations(serving),
    authenticate: authenticateCallers(values),
    log,
    metrics,
    limits: methodLimits(values),
  });
}

function expose(metrics: Registry, { table, cache, engine }: Serving): void {
  exposeVersions(metrics, table);
  exposeCache(metrics, cache);
  exposeMemory(metrics, table);
  exposeAbandoned(metrics, engine);
}

function openOrigin(scope: Scope<InferenceConfig>, replicaId: string): Promise<Origin> | Origin {
  const { modelRepository } = scope.config;
  return modelRepository === undefined
    ? registryOrigin(scope, replicaId)
    : repositoryOrigin(scope, modelRepository);
}
