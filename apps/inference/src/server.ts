import { randomUUID } from 'node:crypto';
import { createServer, rpcErrors } from '@plumbline/rpc';
import type { Scope } from '@plumbline/service';
import { authenticateCallers } from './callers.ts';
import type { InferenceConfig } from './config.ts';
import { Readiness } from './domain/readiness.ts';
import { ResponseCache } from './domain/serving/response-cache.ts';
import type { Engine } from './domain/runners/runner.ts';
import { mountHttp } from './http-facade.ts';
import { implementations, methodLimits } from './implementations.ts';
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
  const replicaId = `inference-${randomUUID()}`;
  const engine = await startEngine(values, log);
  onEngine(engine);
  const origin = await openOrigin(scope, replicaId);
  const cache = new ResponseCache(values.responseCacheBytes);
  const table = versionTable(values, engine, origin, log, (digest, state) => {
    if (state === 'GONE') cache.forget(digest);
    source.kick();
  });
  const { source, repository } = origin.follow(table, () => readiness.look());
  const readiness = new Readiness(() => source.known && table.settled, scope.signal);
  const shutdown = new AbortController();
  const draining = shutdown.signal;
  const serving = { values, table, cache, replicaId, engine, readiness, repository, draining };
  const server = createServer({
    implementations: implementations(serving),
    authenticate: authenticateCallers(values),
    log,
    metrics: scope.metrics,
    limits: methodLimits(values),
  });
  exposeVersions(scope.metrics, table);
  exposeCache(scope.metrics, cache);
  exposeMemory(scope.metrics, table);
  exposeAbandoned(scope.metrics, engine);
  scope.adopt(engine, 'engine');
  scope.adopt(table, 'versions');
  scope.adopt(server, 'server');
  scope.onDrain(() => {
    shutdown.abort(rpcErrors.SHUTTING_DOWN('the server is shutting down'));
    return server.drain(values.drainTimeoutMs);
  });
  const http = mountHttp(scope, server);
  // Drains run last registered first: the registry counts this replica out before calls are refused.
  scope.onDrain(() => source.close());
  scope.readiness('versions', async () => {
    if (readiness.ready) return;
    if (scope.signal.aborted) throw new Error('the replica is stopping');
    throw new Error(source.known ? 'versions are being loaded' : 'it is not known yet what to serve');
  });
  scope.servesWhenReady(server.health);

  await source.start();
  const port = await server.listen(values.host, values.grpcPort);
  log.info({ port, replica: replicaId }, 'serving');
  await http?.listen();
}

function openOrigin(scope: Scope<InferenceConfig>, replicaId: string): Promise<Origin> | Origin {
  const { modelRepository } = scope.config;
  return modelRepository === undefined
    ? registryOrigin(scope, replicaId)
    : repositoryOrigin(scope, modelRepository);
}
