import { Server, ServerCredentials, type ServerOptions as GrpcOptions } from '@grpc/grpc-js';
import { CoalescedService } from '@plumbline/contract-common';
import { Health } from '@plumbline/contract-grpc';
import { EXCHANGE_LIMITS, exchangeMethod } from '../coalesced/exchange-method.ts';
import { HealthRegistry } from '../health/health-registry.ts';
import { healthService } from '../health/health-service.ts';
import { UNKNOWN_METHOD, serverMetrics } from '../metrics.ts';
import { reflectionService } from '../reflection/reflection-service.ts';
import { DEFAULT_ADMISSION } from './admission-limits.ts';
import { Admission } from './admission.ts';
import type { ServedMethod } from './call.ts';
import { closeServer, drainServer, type Drainable } from './drain.ts';
import { adaptServer, serveUnknownMethods } from './grpc-internals.ts';
import { leaveBindFailuresToCaller } from './grpc-log.ts';
import { registerMethod } from './grpc-transport.ts';
import { InFlightCalls } from './in-flight.ts';
import { inProcess, type Invoke } from './in-process.ts';
import { authenticateCalls } from './interceptors/authenticate.ts';
import { observe } from './interceptors/observe.ts';
import { receiveRequest } from './interceptors/receive-request.ts';
import { supervise } from './interceptors/supervise.ts';
import type { CallLimits } from './limits.ts';
import { buildRouter } from './router.ts';
import {
  DEFAULT_KEEPALIVE,
  DEFAULT_WINDOWS,
  MAX_CONCURRENT_STREAMS,
  type RpcServer,
  type ServerOptions,
} from './server-options.ts';
import type { UnaryMethod } from './unary-stream.ts';
import { unknownMethod } from './unknown-method.ts';

/**
 * A gRPC server. Around every handler runs one chain, composed here, in this order:
 *
 *   context → metrics and log → deadline and error mapping → authentication → request → `interceptors` → limits → decode → handler
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
  const open = [observe(log, metrics), supervise];
  const guarded = [...open, authenticateCalls(options.authenticate), receiveRequest];

  const router = buildRouter(implementations, options.limits ?? {}, [
    ...guarded,
    ...(options.interceptors ?? []),
  ]);
  const builtIn = [healthService(health), reflectionService([...services, Health, CoalescedService])];
  const system = buildRouter(builtIn, {}, [supervise, receiveRequest]);

  const limits = [...router.values(), ...system.values()].map((method) => method.limits);
  const unary = new Map<string, UnaryMethod>();
  const server = new Server(grpcOptions(options, [...limits, EXCHANGE_LIMITS]));
  const drainable = drainableOf(server, health);
  const { calls, subscriptions, exchanges, draining } = drainable;
  const unknown = unknownMethod(open);
  const exchange = exchangeMethod({ router, unknownMethod: unknown, log, calls, draining: draining.signal });
  const admission = new Admission({
    ...DEFAULT_ADMISSION,
    ...options.admission,
    unary,
    isOpen: (path) => path === exchange.info.path || system.has(path),
    refused: (path, { codeName, reason }) => {
      const method = router.has(path) ? path : UNKNOWN_METHOD;
      metrics.callEnded(method, codeName, 0);
      log.info({ method, code: codeName, reason }, 'call refused');
    },
  });
  adaptServer(server, options.receiveWindows ?? DEFAULT_WINDOWS, admission);
  const register = (method: ServedMethod, group: InFlightCalls): void => {
    const transport = { log, calls: group, admission };
    registerMethod(server, method, transport);
    if (method.info.kind === 'unary') unary.set(method.info.path, { method, transport });
  };
  for (const method of router.values()) register(method, calls);
  for (const method of system.values()) register(method, subscriptions);
  register(unknown, calls);
  register(exchange, exchanges);
  serveUnknownMethods(server, `/${UNKNOWN_METHOD}`);
  const invoke = inProcess({ router, unknownMethod: unknown, log, calls });
  return serverOf(drainable, invoke, options);
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

function serverOf(drainable: Drainable, invoke: Invoke, { credentials }: ServerOptions): RpcServer {
  const { server, health } = drainable;
  return {
    health,
    invoke,
    listen: (host, port) => bind(server, host, port, credentials ?? ServerCredentials.createInsecure()),
    drain: (graceMs) => drainServer(drainable, graceMs),
    close: () => closeServer(drainable),
  };
}

function bind(server: Server, host: string, port: number, credentials: ServerCredentials): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  leaveBindFailuresToCaller();
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}
