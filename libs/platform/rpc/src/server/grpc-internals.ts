import type { Http2Server, ServerHttp2Session, ServerHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { pingWhileClosing } from '../ping-while-closing.ts';

/**
 * What grpc-js 1.14.7 has and does not export. Its servers announce HTTP/2's 64 KiB receive windows and offer no
 * option to raise them (grpc-node#2864, #3058): at 4 ms of round trip a 600 KB request then takes ten trips. They also
 * look at nothing of a call before its whole request is in.
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

/** Sees every stream before grpc-js does, which sees those alone that it is `shown`, within the call of `admit`. */
export interface Gate {
  admit(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, show: () => void): void;
}

/**
 * Raises the receive windows and puts a gate before grpc-js. Call before the server is bound.
 *
 * @throws Error when this grpc-js is not built as expected: better not to start than to crawl
 */
export function adaptServer(server: Server, windows: ReceiveWindows, gate: Gate): void {
  const internals = internalsOf(server);
  internals.commonServerOptions.settings = {
    ...internals.commonServerOptions.settings,
    initialWindowSize: windows.streamBytes,
  };
  const createHttp2Server = internals.createHttp2Server.bind(server);
  internals.createHttp2Server = (credentials) => {
    const http2Server = createHttp2Server(credentials);
    http2Server.on('session', (session: ServerHttp2Session) => {
      session.setLocalWindowSize(windows.connectionBytes);
      pingWhileClosing(session);
    });
    putBefore(http2Server, gate);
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
    throw unexpected();
  }
  return internals as ServerInternals;
}

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

function putBefore(http2Server: Http2Server, gate: Gate): void {
  const [listener, ...others] = http2Server.listeners('stream') as StreamListener[];
  if (listener === undefined || others.length > 0) throw unexpected();
  http2Server.removeAllListeners('stream');
  http2Server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    gate.admit(stream, headers, () => {
      listener(stream, headers);
    });
  });
}

const unexpected = (): Error =>
  new Error('this version of @grpc/grpc-js is built otherwise: check grpc-internals.ts against it');
