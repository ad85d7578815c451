import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type HTTPMethods,
} from 'fastify';
import { ServiceError } from '@plumbline/errors';
import type { Log, Metrics } from '@plumbline/rpc';
import { restErrors } from '../errors.ts';
import type { RestLimits } from '../rest-options.ts';
import { answerMalformed } from './answer-malformed.ts';
import { BodyBudget } from './body-budget.ts';
import { Connections } from './connections.ts';
import type { Exchange, Operation, Route } from './exchange.ts';
import { readBody } from './read-body.ts';
import { measureRequests } from './request-metrics.ts';
import { asFailure, sendAnswer, sendFailure } from './send.ts';

export interface HttpServerOptions {
  readonly routes: readonly Route[];
  readonly limits: RestLimits;
  readonly log: Log;
  readonly metrics: Metrics | undefined;
}

const METHODS: readonly HTTPMethods[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
const TIMEOUT_CHECK_MS = 1_000;
/** Without a byte in either direction; longer than any call lasts. */
const STALLED_CONNECTION_MS = 11 * 60_000;
const MAX_NAME_LENGTH = 1_024;

export interface HttpServer {
  readonly app: FastifyInstance;
  readonly connections: Connections;
}

/** Fastify with the routes on it. It reads no bodies by itself: operations do, when they know the caller. */
export function httpServer({ routes, limits, log, metrics }: HttpServerOptions): HttpServer {
  const app = fastify({
    logger: false,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    connectionTimeout: STALLED_CONNECTION_MS,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_NAME_LENGTH },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerMalformed,
    frameworkErrors: (error, _request, reply) => {
      sendFailure(reply, malformed(error));
    },
  });
  app.server.maxConnections = limits.maxConnections;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => {
    done(null);
  });
  measureRequests(app, metrics);
  const connections = new Connections(app.server);
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.once('close', connections.enter(request.raw.socket));
  });
  app.addHook('onSend', async (_request, reply) => {
    if (connections.isDraining) reply.header('connection', 'close');
  });
  app.addHook('onRequest', refuseOrigins);
  app.setErrorHandler((error, _request, reply) => {
    sendFailure(reply, unhandled(error, log));
  });
  app.setNotFoundHandler((_request, reply) => {
    sendFailure(reply, restErrors.ROUTE_NOT_FOUND('the protocol has no such route'));
  });
  const budget = new BodyBudget(limits.maxHeldBytes);
  for (const route of routes) {
    addRoute(app, route, (request, reply) => handle(route.operation, request, reply, budget, log));
  }
  return { app, connections };
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

function addRoute(app: FastifyInstance, { method, path }: Route, handler: Handler): void {
  if (method === 'any') {
    app.route({ method: [...METHODS], url: path, handler });
    return;
  }
  // Fastify adds HEAD to GET by itself.
  const taken: readonly HTTPMethods[] = method === 'GET' ? ['GET', 'HEAD'] : [method];
  app.route({ method, url: path, handler });
  app.route({
    method: METHODS.filter((other) => !taken.includes(other)),
    url: path,
    handler: (_request, reply) => {
      const error = restErrors.METHOD_NOT_ALLOWED(`the route takes ${method}`);
      sendFailure(reply, error, { allow: taken.join(', ') });
    },
  });
}

async function handle(
  operation: Operation,
  request: FastifyRequest,
  reply: FastifyReply,
  budget: BodyBudget,
  log: Log,
): Promise<void> {
  const held = budget.open();
  const gone = new AbortController();
  reply.raw.once('close', () => {
    held.giveBack();
    if (!reply.raw.writableFinished) gone.abort();
  });
  const exchange: Exchange = {
    headers: request.headers,
    params: request.params as Record<string, string>,
    body: (maxBytes) => readBody(request.raw, maxBytes, held),
    signal: gone.signal,
    responseHeaders: {},
  };
  try {
    await sendAnswer(reply, exchange, await operation(exchange));
  } catch (error) {
    sendFailure(reply, asFailure(error, log), exchange.responseHeaders);
  }
}

/**
 * Browsers name the origin of the page in every request that could change something. None is expected: a page that
 * reaches a server on its reader's own machine is an attack.
 */
async function refuseOrigins(request: FastifyRequest): Promise<void> {
  if (request.headers.origin === undefined) return;
  throw restErrors.ORIGIN_REFUSED('requests of web pages are not taken');
}

function unhandled(error: unknown, log: Log): ServiceError {
  const { statusCode } = error as { statusCode?: number };
  const isClients = !(error instanceof ServiceError) && statusCode !== undefined && statusCode < 500;
  return isClients ? malformed(error as Error) : asFailure(error, log);
}

const malformed = (error: Error): ServiceError => restErrors.MALFORMED_HTTP(error.message, { cause: error });
