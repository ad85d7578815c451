import { createServer, type ServerResponse } from 'node:http';
import type { Readiness } from './readiness.ts';

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly readiness: Readiness;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
}

/**
 * `/healthz`: 200 while the event loop turns. `/readyz`: 200 or 503 with a JSON ReadinessReport. `/metrics`:
 * Prometheus text.
 */
export async function startAdminServer({
  host,
  port,
  readiness,
  metrics,
}: AdminOptions): Promise<AdminServer> {
  const pages: Record<string, (response: ServerResponse) => Promise<void> | void> = {
    '/healthz': (response) => json(response, 200, { status: 'ok' }),
    '/readyz': async (response) => {
      const report = await readiness.report();
      json(response, report.ready ? 200 : 503, report);
    },
    '/metrics': async (response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(await metrics());
    },
  };
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url ?? '/', 'http://admin').pathname];
    if (!page) return json(response, 404, { pages: Object.keys(pages) });
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return json(response, 405, { allowed: ['GET'] });
    Promise.resolve(page(response)).catch(() => json(response, 500, { status: 'failed' }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound ? bound.port : port,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
