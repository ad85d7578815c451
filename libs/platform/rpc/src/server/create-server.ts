import { Server, ServerCredentials, type ServerOptions as GrpcOptions } from '@grpc/grpc-js';
import { CoalescedService } from '@plumbline/contract-common';
import { Health } from '@plumbline/contract-grpc';
import { EXCHANGE_LIMITS, exchangeMethod } from '../coalesced/exchange-method.ts';
import { HealthRegistry } from '../health/health-registry.ts';
import { healthService } from '../health/health-service.ts';
import type { Log } from '../log.ts';
import { UNKNOWN_METHOD, serverMetrics, type ServerMetrics } from '../metrics.ts';
import { reflectionService } from '../reflection/reflection-service.ts';
import { closeServer, drainServer, type Drainable } from './drain.ts';
import { adaptServer, serveUnknownMethods, type RefusalListener } from './grpc-internals.ts';
import { registerMethod } from './grpc-transport.ts';
import { InFlightCalls } from './in-flight.ts';
import { authenticateCalls } from './interceptors/authenticate.ts';
import { enforceDeadline } from './interceptors/enforce-deadline.ts';
import { mapErrors } from './interceptors/map-errors.ts';
import { observe } from './interceptors/observe.ts';
import type { CallLimits } from './limits.ts';
import { buildRouter, type Router } from './router.ts';
import {
  DEFAULT_KEEPALIVE,
  DEFAULT_WINDOWS,
  MAX_CONCURRENT_STREAMS,
  type RpcServer,
  type ServerOptions,
} from './server-options.ts';
import { unknownMethod } from './unknown-method.ts';

/**
 * A gRPC server. Around every handler runs one chain, composed here, in this order:
 *
 *   context → metrics and log → error mapping → deadline → authentication → `interceptors` → limits → decode → handler
 *
 * It runs per call and, on a coalesced stream, per item. Health, reflection and the coalesced stream are served by
 * every server and need no credentials; the items of the stream do.
 *
 * @throws TypeError when two implementations have the same method, or limits name a method that none has
 */
export function createServer(options: ServerOptions): RpcServer {
  const { log, implementations } = options;
  const services = [...new Set(implementations.map(({ service }) => service))];
  const health = new HealthRegistry(services.map(({ typeName }) => typeName));
  const metrics = serverMetrics(options.metrics);
  const open = [observe(log, metrics), mapErrors, enforceDeadline];
  const guarded = [...open, authenticateCalls(options.authenticate), ...(options.interceptors ?? [])];

  const router = buildRouter(implementations, options.limits ?? {}, guarded);
  const builtIn = [healthService(health), reflectionService([...services, Health, CoalescedService])];
  const system = buildRouter(builtIn, {}, [mapErrors, enforceDeadline]);

  const limits = [...router.values(), ...system.values()].map((method) => method.limits);
  const server = new Server(grpcOptions(options, [...limits, EXCHANGE_LIMITS]));
  const drainable = drainableOf(server, health);
  adaptServer(server, options.receiveWindows ?? DEFAULT_WINDOWS, refusalObserver(router, log, metrics));
  for (const method of router.values()) registerMethod(server, method, { log, calls: drainable.calls });
  for (const method of system.values())
    registerMethod(server, method, { log, calls: drainable.subscriptions });
  const unknown = unknownMethod(open);
  registerMethod(server, unknown, { log, calls: drainable.calls });
  const { calls, exchanges, draining } = drainable;
  const exchange = exchangeMethod({ router, unknownMethod: unknown, log, calls, draining: draining.signal });
  registerMethod(server, exchange, { log, calls: exchanges });
  serveUnknownMethods(server, `/${UNKNOWN_METHOD}`);
  return serverOf(drainable, options);
}

/** Calls that never reach a chain are measured and logged here; those of streaming requests have entered theirs. */
function refusalObserver(router: Router, log: Log, metrics: ServerMetrics): RefusalListener {
  return (path, { codeName, reason }) => {
    const kind = router.get(path)?.info.kind;
    if (kind !== 'unary' && kind !== 'server_streaming') return;
    metrics.callEnded(path, codeName, 0);
    log.info({ method: path, code: codeName, reason }, 'call refused');
  };
}

function grpcOptions(
  { keepalive = DEFAULT_KEEPALIVE }: ServerOptions,
  limits: readonly CallLimits[],
): GrpcOptions {
  return {
    'grpc.max_receive_message_length': Math.max(...limits.map(({ maxMessageBytes }) => maxMessageBytes)),
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS,
    'grpc.keepalive_time_ms': keepalive.intervalMs,
    'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
    'grpc.enable_channelz': 0,
  };
}

function drainableOf(server: Server, health: HealthRegistry): Drainable {
  return {
    server,
    health,
    calls: new InFlightCalls(),
    subscriptions: new InFlightCalls(),
    exchanges: new InFlightCalls(),
    draining: new AbortController(),
  };
}

function serverOf(drainable: Drainable, { credentials }: ServerOptions): RpcServer {
  const { server, health } = drainable;
  return {
    health,
    listen: (host, port) => bind(server, host, port, credentials ?? ServerCredentials.createInsecure()),
    drain: (graceMs) => drainServer(drainable, graceMs),
    close: () => closeServer(drainable),
  };
}

function bind(server: Server, host: string, port: number, credentials: ServerCredentials): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}
