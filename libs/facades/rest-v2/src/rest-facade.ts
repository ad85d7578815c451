import { httpServer, type HttpServer } from './http/http-server.ts';
import { DEFAULT_LIMITS, type RestFacadeOptions } from './rest-options.ts';
import { routes } from './routes.ts';

export interface RestFacade {
  /** Binds and serves; answers the port, which the system chooses when asked for 0. */
  listen(host: string, port: number): Promise<number>;
  /** Takes no more connections and lets requests finish; what is left after `graceMs` is cancelled. */
  drain(graceMs: number): Promise<void>;
  /** Stops at once. */
  close(): Promise<void>;
}

/** The Open Inference Protocol over HTTP, with Triton's extensions, in front of its gRPC methods. */
export function createRestFacade(options: RestFacadeOptions): RestFacade {
  const { invoke, log, metrics } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const server = httpServer({ routes: routes(invoke, limits), limits, log, metrics });
  return {
    listen: async (host, port) => {
      await server.app.listen({ host, port });
      const address = server.app.server.address();
      return typeof address === 'object' && address !== null ? address.port : port;
    },
    drain: (graceMs) => drain(server, graceMs),
    close: () => drain(server, 0),
  };
}

async function drain({ app, connections }: HttpServer, graceMs: number): Promise<void> {
  connections.drain();
  const timer = setTimeout(() => {
    app.server.closeAllConnections();
  }, graceMs);
  await app.close();
  clearTimeout(timer);
}
