import type { FastifyInstance } from 'fastify';
import type { Metrics } from '@plumbline/rpc';
import { Histogram } from 'prom-client';

const NAME = 'http_server_request_duration_seconds';
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Stands for paths and methods that the protocol does not have, so that clients cannot make up label values. */
const OTHER = '_OTHER';

type Label = 'http_route' | 'http_request_method' | 'http_response_status_code';

/**
 * OpenTelemetry's `http.server.request.duration` as Prometheus spells it, for every request that has an answer. What the
 * operations behind them do is measured by their own server.
 */
export function measureRequests(app: FastifyInstance, registry: Metrics | undefined): void {
  if (registry === undefined) return;
  const histogram =
    (registry.getSingleMetric(NAME) as Histogram<Label> | undefined) ??
    new Histogram({
      name: NAME,
      help: 'Time from the headers of a request to the end of its answer.',
      labelNames: ['http_route', 'http_request_method', 'http_response_status_code'],
      buckets: BUCKETS,
      registers: [registry],
    });
  app.addHook('onResponse', async ({ routeOptions: { url }, method }, reply) => {
    const labels = {
      http_route: url ?? OTHER,
      http_request_method: url === undefined ? OTHER : method,
      http_response_status_code: reply.statusCode,
    };
    histogram.observe(labels, reply.elapsedTime / 1_000);
  });
}
