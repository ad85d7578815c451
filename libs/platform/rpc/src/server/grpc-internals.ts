import type { Http2Server, ServerHttp2Session, ServerHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import type { ServiceError } from '@plumbline/errors';
import { explainStatuses } from './explain-status.ts';

/**
 * What grpc-js 1.14.7 has and does not export. Its servers announce HTTP/2's 64 KiB receive windows and offer no
 * option to raise them (grpc-node#2864, #3058): at 4 ms of round trip a 600 KB request then takes ten trips. They also
 * cut `grpc-timeout` to 32 bits, so that a very long one is over at once.
 */
interface ServerInternals {
  commonServerOptions: { settings?: { initialWindowSize?: number; maxConcurrentStreams?: number } };
  createHttp2Server(credentials: unknown): Http2Server;
  handlers: Map<string, unknown>;
  _retrieveHandler(path: string): unknown;
}

export interface ReceiveWindows {
  /** Bytes that a peer may send on one stream before we have read them. */
  readonly streamBytes: number;
  /** The same for a whole connection. */
  readonly connectionBytes: number;
}

/** Hears of calls that grpc-js refuses by itself: method path, and why. */
export type RefusalListener = (path: string, error: ServiceError) => void;

/** Where a call's `grpc-timeout` is found by our own code, which grpc-js would have acted on. */
export const TIMEOUT_HEADER = 'plumbline-grpc-timeout';

/**
 * Raises the receive windows, takes deadlines into our own hands and gives reasons to grpc-js's own refusals. Call
 * before the server is bound.
 *
 * @throws Error when this grpc-js is not built as expected: better not to start than to crawl
 */
export function adaptServer(server: Server, windows: ReceiveWindows, refused: RefusalListener): void {
  const internals = internalsOf(server);
  internals.commonServerOptions.settings = {
    ...internals.commonServerOptions.settings,
    initialWindowSize: windows.streamBytes,
  };
  const createHttp2Server = internals.createHttp2Server.bind(server);
  internals.createHttp2Server = (credentials) => {
    const http2Server = createHttp2Server(credentials);
    http2Server.on('session', (session: ServerHttp2Session) =>
      session.setLocalWindowSize(windows.connectionBytes),
    );
    http2Server.prependListener('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      takeOverTimeout(headers);
      explainStatuses(stream, (error) => {
        refused(headers[':path']?.slice(1) ?? '', error);
      });
    });
    return http2Server;
  };
}

/** Serves calls to unknown methods with `path`'s handler, so that they pass our chain too. */
export function serveUnknownMethods(server: Server, path: string): void {
  const internals = internalsOf(server);
  const { handlers } = internals;
  internals._retrieveHandler = (requested) => handlers.get(requested) ?? handlers.get(path);
}

function internalsOf(server: Server): ServerInternals {
  const internals = server as unknown as Partial<ServerInternals>;
  if (
    typeof internals.commonServerOptions !== 'object' ||
    typeof internals.createHttp2Server !== 'function' ||
    typeof internals._retrieveHandler !== 'function' ||
    !(internals.handlers instanceof Map)
  ) {
    throw new Error(
      'this version of @grpc/grpc-js hides its HTTP/2 settings: check grpc-internals.ts against it',
    );
  }
  return internals as ServerInternals;
}

/** Always sets our header, so that no client can. */
function takeOverTimeout(headers: IncomingHttpHeaders): void {
  headers[TIMEOUT_HEADER] = headers['grpc-timeout'];
  headers['grpc-timeout'] = undefined;
}
