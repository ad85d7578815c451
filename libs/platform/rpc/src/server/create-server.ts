import { CoalescedService } from '@plumbline/contract-common';
import { Health } from '@plumbline/contract-grpc';
import { Http2Server } from '@plumbline/http2';
import { exchangeMethod } from '../coalesced/exchange-method.ts';
import { HealthRegistry } from '../health/health-registry.ts';
import { healthService } from '../health/health-service.ts';
import { UNKNOWN_METHOD, serverMetrics } from '../metrics.ts';
import { reflectionService } from '../reflection/reflection-service.ts';
import { DEFAULT_ADMISSION } from './admission-limits.ts';
import { Admission } from './admission.ts';
import type { ServedMethod } from './call.ts';
import { closeServer, drainServer, type Drainable } from './drain.ts';
import { InFlightCalls } from './in-flight.ts';
import { inProcess } from './in-process.ts';
import { authenticateCalls } from './interceptors/authenticate.ts';
import { observe } from './interceptors/observe.ts';
import { receiveRequest } from './interceptors/receive-request.ts';
import { supervise } from './interceptors/supervise.ts';
import type { RoutedMethod } from './open-call.ts';
import { buildRouter, type Router } from './router.ts';
import {
  DEFAULT_KEEPALIVE,
  DEFAULT_WINDOWS,
  MAX_CONCURRENT_STREAMS,
  MAX_HEADER_LIST_BYTES,
  type RpcServer,
  type ServerOptions,
} from './server-options.ts';
import { unknownMethod } from './unknown-method.ts';

/** What a server serves, by path, and what its calls count among. */
interface Served {
  /** The methods of its implementations. */
  readonly router: Router;
  /** Health and reflection. */
  readonly system: Router;
  readonly exchange: ServedMethod;
  readonly unknown: ServedMethod;
}

type Groups = Pick<Drainable, 'calls' | 'subscriptions' | 'exchanges' | 'draining'>;

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
  const health = new HealthRegistry(servicesOf(options).map(({ typeName }) => typeName));
  const metrics = serverMetrics(options.metrics);
  const groups: Groups = {
    calls: new InFlightCalls(),
    subscriptions: new InFlightCalls(),
    exchanges: new InFlightCalls(),
    draining: new AbortController(),
  };
  const served = serve(options, health, metrics, groups);
  const admission = admissionOf(options, served, metrics, groups);
  const server = listenerOf(options, admission);
  const drainable: Drainable = { server, health, ...groups };
  const { router, unknown } = served;
  return {
    health,
    invoke: inProcess({ router, unknownMethod: unknown, log: options.log, calls: groups.calls }),
    listen: (host, port) => server.listen(host, port),
    drain: (graceMs) => drainServer(drainable, graceMs),
    close: () => closeServer(drainable),
  };
}

type ServerMetrics = ReturnType<typeof serverMetrics>;
type DescServices = ServerOptions['implementations'][number]['service'][];

function servicesOf({ implementations }: ServerOptions): DescServices {
  return [...new Set(implementations.map(({ service }) => service))];
}

function serve(
  options: ServerOptions,
  health: HealthRegistry,
  metrics: ServerMetrics,
  { calls, draining }: Groups,
): Served {
  const { log, implementations, limits = {}, interceptors = [] } = options;
  const open = [observe(log, metrics), supervise];
  const guarded = [...open, authenticateCalls(options.authenticate), receiveRequest, ...interceptors];
  const router = buildRouter(implementations, limits, guarded);
  const builtIn = [
    healthService(health),
    reflectionService([...servicesOf(options), Health, CoalescedService]),
  ];
  const unknown = unknownMethod(open);
  return {
    router,
    unknown,
    system: buildRouter(builtIn, {}, [supervise, receiveRequest]),
    exchange: exchangeMethod({ router, unknownMethod: unknown, log, calls, draining: draining.signal }),
  };
}

function admissionOf(
  { admission, log }: ServerOptions,
  { router, system, exchange, unknown }: Served,
  metrics: ServerMetrics,
  { calls, subscriptions, exchanges }: Groups,
): Admission {
  const routes = new Map<string, RoutedMethod>();
  const add = (method: ServedMethod, group: InFlightCalls): void => {
    const { path } = method.info;
    if (routes.has(path)) throw new TypeError(`${path} is implemented twice`);
    routes.set(path, { method, log, calls: group });
  };
  for (const method of router.values()) add(method, calls);
  for (const method of system.values()) add(method, subscriptions);
  add(exchange, exchanges);
  const other: RoutedMethod = { method: unknown, log, calls };
  return new Admission({
    ...DEFAULT_ADMISSION,
    ...admission,
    route: (path) => routes.get(path) ?? other,
    isOpen: (path) => path === exchange.info.path || system.has(path),
    refused: (path, { codeName, reason }) => {
      const method = router.has(path) ? path : UNKNOWN_METHOD;
      metrics.callEnded(method, codeName, 0);
      log.info({ method, code: codeName, reason }, 'call refused');
    },
  });
}

function listenerOf(options: ServerOptions, admission: Admission): Http2Server {
  const { receiveWindows = DEFAULT_WINDOWS, keepalive = DEFAULT_KEEPALIVE } = options;
  return new Http2Server(
    {
      onRequest: (stream) => {
        admission.admit(stream);
      },
      maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
      streamWindowBytes: receiveWindows.streamBytes,
      connectionWindowBytes: receiveWindows.connectionBytes,
      maxHeaderListBytes: MAX_HEADER_LIST_BYTES,
      keepalive,
    },
    options.tls,
  );
}
