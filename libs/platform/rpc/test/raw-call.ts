import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type SecureClientSessionOptions,
} from 'node:http2';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { ErrorInfoSchema, StatusSchema } from '@plumbline/contract-grpc';
import type { TestService } from '@plumbline/contract-grpc-testing';
import { serviceToken, type Handlers, type ServerOptions } from '../src/index.ts';
import { SECRET, adopt, serve, type Served } from './serve.ts';

export const UNARY = 'grpc.testing.TestService/UnaryCall';
export const SERVER_STREAM = 'grpc.testing.TestService/StreamingOutputCall';
export const CLIENT_STREAM = 'grpc.testing.TestService/StreamingInputCall';
export const BIDI = 'grpc.testing.TestService/FullDuplexCall';
export const KINDS = [UNARY, SERVER_STREAM, CLIENT_STREAM, BIDI];
export const CREDENTIALS = { authorization: serviceToken('hostile', SECRET) };
export const MIB = 1024 * 1024;

export type Headers = Record<string, string | undefined>;

/** A call of which the test sends each byte itself. */
export interface RawCall {
  readonly stream: ClientHttp2Stream;
  /** Status and reason; settles though the client never ends its request. */
  readonly answer: Promise<readonly [status: string | undefined, reason: string | undefined]>;
  readonly received: Headers;
}

/** A connection that `closeAll` ends. */
export function rawSession(
  port: number,
  settings: SecureClientSessionOptions['settings'] = {},
): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`, { settings });
  adopt({ close: () => session.destroy() });
  return session;
}

/** Opens a call and sends nothing but its headers. */
export function open(session: ClientHttp2Session, path: string, headers: Headers = CREDENTIALS): RawCall {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${path}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const received: Headers = {};
  const add = (more: object): void => void Object.assign(received, more);
  const answer = new Promise<readonly [string | undefined, string | undefined]>((resolve) => {
    stream
      .on('response', add)
      .on('trailers', add)
      .on('error', () => undefined)
      .on('close', () => {
        resolve([received['grpc-status'], reasonOf(received)]);
      });
  });
  stream.resume();
  return { stream, answer, received };
}

function reasonOf({ 'grpc-status-details-bin': details }: Headers): string | undefined {
  if (details === undefined) return undefined;
  const [first] = fromBinary(StatusSchema, Buffer.from(details, 'base64')).details;
  return first && anyUnpack(first, ErrorInfoSchema)?.reason;
}

/** What was sent before has arrived, and what the server said to it is here. */
export function roundTrip(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => session.ping(() => resolve()));
}

/** A message of zeros that announces `sizeBytes` and brings `sentBytes` of them. */
export function frame(sizeBytes: number, sentBytes = sizeBytes): Buffer {
  const bytes = Buffer.alloc(5 + sentBytes);
  bytes.writeUInt32BE(sizeBytes, 1);
  return bytes;
}

const handlers: Handlers<typeof TestService> = {
  unaryCall: () => ({ username: 'answered' }),
  streamingOutputCall: async function* () {
    yield {};
  },
  streamingInputCall: async (requests) => {
    let aggregatedPayloadSize = 0;
    for await (const _request of requests) aggregatedPayloadSize++;
    return { aggregatedPayloadSize };
  },
  fullDuplexCall: async function* (requests) {
    for await (const _request of requests) yield {};
  },
};

/** A server of methods of every kind with these bounds. */
export function admitting(
  admission: NonNullable<ServerOptions['admission']>,
  options: Partial<ServerOptions> = {},
): Promise<Served> {
  return serve(handlers, { ...options, admission });
}
