import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js';
import { UnaryConnection } from '../src/http2/unary-connection.ts';
import { grpcFrame } from '../src/processes/h2load.ts';

const PATH = '/test.Service/Call';
const message = grpcFrame(Buffer.alloc(200, 7));

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

async function grpcServer(handle: handleUnaryCall<Buffer, Buffer>): Promise<string> {
  const server = new Server();
  const identity = (bytes: Buffer) => bytes;
  const definition = {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  } as const;
  server.addService({ call: definition }, { call: handle });
  closing.push(() => server.forceShutdown());
  const credentials = ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
      if (error === null) resolve(`127.0.0.1:${port}`);
      else reject(error);
    });
  });
}

async function http2Server(
  onStream: (stream: ServerHttp2Stream) => void,
  settings = {},
): Promise<{ server: Http2Server; address: string }> {
  const server = createServer({ settings });
  server.on('stream', onStream);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function open(address: string): Promise<UnaryConnection> {
  const connection = await UnaryConnection.connect(address, PATH);
  closing.push(() => connection.close());
  return connection;
}

function answer(stream: ServerHttp2Stream, trailers: Record<string, string>): void {
  stream.on('error', () => undefined);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.resume();
  stream.end(Buffer.alloc(5));
}

const allOk = (statuses: readonly number[]) => statuses.every((each) => each === 0);

describe('a connection for unary calls', () => {
  it('answers OK for calls that a gRPC server answers, and the request arrives whole', async () => {
    const seen: Buffer[] = [];
    const connection = await open(
      await grpcServer(({ request }, reply) => {
        seen.push(request);
        reply(null, request);
      }),
    );
    const statuses = await Promise.all(Array.from({ length: 500 }, () => connection.call(message)));
    expect(new Set(statuses)).toEqual(new Set([status.OK]));
    expect(seen).toHaveLength(500);
    expect(seen.every((request) => request.equals(message.subarray(5)))).toBe(true);
  });

  it.each([status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED, status.UNAVAILABLE])(
    'answers the status %d that a gRPC server fails a call with',
    async (code) => {
      const connection = await open(
        await grpcServer((_call, reply) => reply({ code, details: 'for a reason of its own' })),
      );
      expect(await connection.call(message)).toBe(code);
    },
  );

  it('reads trailers among others, and a missing status as UNKNOWN', async () => {
    const trailers = [
      { 'x-first': 'some text', 'grpc-status': '0', 'x-last': '1' },
      { 'x-other': 'no status here' },
      { 'grpc-message': 'too much', 'grpc-status': '8' },
    ];
    const { address } = await http2Server((stream) => answer(stream, trailers.shift() ?? {}));
    const connection = await open(address);
    expect(await connection.call(message)).toBe(status.OK);
    expect(await connection.call(message)).toBe(status.UNKNOWN);
    expect(await connection.call(message)).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('keeps to the streams that a server allows', async () => {
    let openStreams = 0;
    let most = 0;
    const serve = (stream: ServerHttp2Stream): void => {
      openStreams += 1;
      most = Math.max(most, openStreams);
      stream.once('close', () => (openStreams -= 1));
      setImmediate(() => answer(stream, { 'grpc-status': '0' }));
    };
    const { address } = await http2Server(serve, { maxConcurrentStreams: 3 });
    const connection = await open(address);
    const statuses = await Promise.all(Array.from({ length: 40 }, () => connection.call(message)));
    expect(allOk(statuses)).toBe(true);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('waits for room in the window of the connection', async () => {
    const { address } = await http2Server((stream) => answer(stream, { 'grpc-status': '0' }));
    const connection = await open(address);
    const large = grpcFrame(Buffer.alloc(16_000));
    const statuses = await Promise.all(Array.from({ length: 50 }, () => connection.call(large)));
    expect(allOk(statuses)).toBe(true);
  });

  it('fails with UNAVAILABLE what a lost connection leaves open, and what comes after', async () => {
    const { address } = await http2Server((stream) => stream.session?.destroy());
    const connection = await open(address);
    expect(await Promise.all([connection.call(message), connection.call(message)])).toEqual([14, 14]);
    expect(await connection.call(message)).toBe(status.UNAVAILABLE);
  });

  it('refuses messages that do not fit one frame', async () => {
    const { address } = await http2Server((stream) => answer(stream, { 'grpc-status': '0' }));
    const connection = await open(address);
    expect(() => connection.call(Buffer.alloc(20_000))).toThrow(RangeError);
  });

  it('is not made where nobody listens, or where HTTP/2 is not spoken', async () => {
    const server = createTcpServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(UnaryConnection.connect(`127.0.0.1:${port}`, PATH)).rejects.toThrow(/closed the connection/);
    await new Promise((resolve) => server.close(resolve));
    await expect(UnaryConnection.connect(`127.0.0.1:${port}`, PATH)).rejects.toThrow(/ECONNREFUSED/);
  });
});
