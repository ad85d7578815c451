import { connect, type ClientHttp2Session, type SecureClientSessionOptions } from 'node:http2';
import { connect as connectSocket, type Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { Http2Server, type Http2Options, type Http2Stream } from '../src/index.ts';

const HEADERS = [':status', '200', 'content-type', 'application/octet-stream'];
const resources: (() => unknown)[] = [];

/** Ends what `serve`, `session` and `rawConnection` made. For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const close of resources.splice(0).reverse()) await close();
}

export interface Served {
  readonly server: Http2Server;
  readonly port: number;
}

/** A server on a free port of loopback, over TLS where that is given. */
export async function serve(
  onRequest: (stream: Http2Stream) => void = echo,
  options: Partial<Http2Options> = {},
  tls?: TlsOptions,
): Promise<Served> {
  const all = {
    onRequest,
    maxConcurrentStreams: 100,
    streamWindowBytes: 65_535,
    connectionWindowBytes: 262_144,
    maxHeaderListBytes: 16_384,
    keepalive: { intervalMs: 10_000, timeoutMs: 5_000 },
    ...options,
  };
  const server = new Http2Server(all, tls);
  const port = await server.listen('127.0.0.1', 0);
  resources.push(async () => {
    const closed = server.close();
    server.destroy();
    await closed;
  });
  return { server, port };
}

/** Answers with the request's body as it comes, and its length in the trailers. */
export function echo(stream: Http2Stream): void {
  let bytes = 0;
  let unconsumed = 0;
  stream.handle({
    data(chunk) {
      bytes += chunk.length;
      unconsumed += chunk.length;
      if (stream.write(chunk)) this.drained();
    },
    end: () => {
      stream.end(['x-bytes', String(bytes)]);
    },
    drained: () => {
      stream.consumed(unconsumed);
      unconsumed = 0;
    },
    closed: () => undefined,
  });
  stream.respond(HEADERS);
}

export function session(
  port: number,
  settings: SecureClientSessionOptions['settings'] = {},
): ClientHttp2Session {
  const made = connect(`http://127.0.0.1:${port}`, { settings });
  made.on('error', () => undefined);
  resources.push(() => {
    made.destroy();
  });
  return made;
}

export interface Answer {
  readonly status: number | undefined;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly resetCode: number | undefined;
}

/** Sends a request with this body; resolves when its stream is over, however it ended. */
export function ask(client: ClientHttp2Session, body: Buffer, headers: object = {}): Promise<Answer> {
  const stream = client.request({ ':method': 'POST', ':path': '/', ...headers });
  let status: number | undefined;
  let trailers: Record<string, unknown> = {};
  const pieces: Buffer[] = [];
  return new Promise((resolve) => {
    stream
      .on('response', (fields) => (status = fields[':status']))
      .on('trailers', (fields: Record<string, unknown>) => (trailers = fields))
      .on('data', (piece: Buffer) => pieces.push(piece))
      .on('error', () => undefined)
      .on('close', () => {
        resolve({ status, trailers, body: Buffer.concat(pieces), resetCode: stream.rstCode });
      });
    stream.end(body);
  });
}

/** A connection of which the test sends each byte itself. */
export interface RawConnection {
  readonly socket: Socket;
  /** Settles when the server has closed it: all that came. */
  readonly closed: Promise<Buffer>;
}

export function rawConnection(port: number): RawConnection {
  const socket = connectSocket(port, '127.0.0.1');
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  socket.on('error', () => undefined);
  resources.push(() => {
    socket.destroy();
  });
  const closed = new Promise<Buffer>((resolve) => {
    socket.on('close', () => {
      resolve(Buffer.concat(pieces));
    });
  });
  return { socket, closed };
}
