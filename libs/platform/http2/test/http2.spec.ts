import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventually } from '@plumbline/testing';
import { ErrorCode, type Http2Stream } from '../src/index.ts';
import { FrameType, PREFACE } from '../src/frames/frame-types.ts';
import { ask, closeAll, echo, rawConnection, serve, session } from './serve.ts';

afterEach(closeAll);

const NOTHING = Buffer.alloc(0);

/** A request whose headers are taken and that is never answered. */
const keep = (kept: Http2Stream[]) => (stream: Http2Stream) => {
  kept.push(stream);
  stream.handle({
    data: () => undefined,
    end: () => undefined,
    drained: () => undefined,
    closed: () => undefined,
  });
};

describe('bodies', () => {
  it.each([1, 1_000, 65_535, 1_048_576])(
    'come and go whole with a client window of %s bytes',
    async (initialWindowSize) => {
      const { port } = await serve();
      const client = session(port, { initialWindowSize });
      const sizes = initialWindowSize === 1 ? [0, 1, 200] : [0, 1, 16_384, 16_385, 300_000];
      for (const size of sizes) {
        const body = randomBytes(size);
        const answer = await ask(client, body);
        expect(answer).toMatchObject({ status: 200, trailers: { 'x-bytes': String(size) } });
        expect(answer.body.equals(body)).toBe(true);
      }
    },
  );

  it('of many streams on one connection keep apart', async () => {
    const { port } = await serve();
    const client = session(port);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50_000), { minLength: 1, maxLength: 60 }), async (sizes) => {
        const bodies = sizes.map((size) => randomBytes(size));
        const answers = await Promise.all(bodies.map((body) => ask(client, body)));
        for (const [at, { body }] of answers.entries()) expect(body.equals(bodies[at] ?? NOTHING)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it('that are not as long as content-length says end their stream', async () => {
    const { port } = await serve();
    const stream = session(port).request({ ':method': 'POST', ':path': '/', 'content-length': '5' });
    const closed = new Promise<number | undefined>((resolve) => {
      stream
        .on('error', () => undefined)
        .on('close', () => {
          resolve(stream.rstCode);
        });
    });
    stream.resume();
    stream.end('four');
    expect(await closed).toBe(ErrorCode.PROTOCOL_ERROR);
  });
});

describe('requests', () => {
  it('beyond those that may be open are refused, and the others answered', async () => {
    const { port } = await serve(echo, { maxConcurrentStreams: 2 });
    const client = session(port, {});
    const answers = await Promise.all([1, 2, 3, 4].map((n) => ask(client, Buffer.alloc(n))));
    // Before SETTINGS have come the client knows of no bound; Node repeats none of those that are refused.
    const outcomes = answers.map(({ status, resetCode }) => status ?? resetCode);
    expect(outcomes.filter((outcome) => outcome === 200).length).toBeGreaterThanOrEqual(2);
    expect(outcomes.every((outcome) => outcome === 200 || outcome === ErrorCode.REFUSED_STREAM)).toBe(true);
  });

  it('with header fields that are too long together are answered 431', async () => {
    const { port } = await serve(echo, { maxHeaderListBytes: 4_096 });
    const client = session(port);
    const long = 'x'.repeat(3_900);
    expect(await ask(client, NOTHING, { a: long })).toMatchObject({ status: 431 });
    expect(await ask(client, NOTHING, { a: 'short' })).toMatchObject({ status: 200 });
  });
});

describe('closing', () => {
  it('answers what is under way, takes nothing more, and then ends the connection', async () => {
    const kept: Http2Stream[] = [];
    const { server, port } = await serve(keep(kept));
    const client = session(port);
    const answer = ask(client, NOTHING);
    await eventually(() => kept.length === 1);
    const closed = server.close();
    await new Promise((resolve) => client.once('goaway', resolve));
    kept[0]?.respond([':status', '200']);
    kept[0]?.end();
    expect(await answer).toMatchObject({ status: 200 });
    await closed;
  });

  it('by destroy ends what is under way', async () => {
    const kept: Http2Stream[] = [];
    const { server, port } = await serve(keep(kept));
    const answer = ask(session(port), NOTHING);
    await eventually(() => kept.length === 1);
    const closed = server.close();
    server.destroy();
    expect((await answer).status).toBeUndefined();
    await closed;
  });

  it('loses a client that does not say that it is there', async () => {
    const { port } = await serve(echo, { keepalive: { intervalMs: 10, timeoutMs: 10 } });
    const { socket, closed } = rawConnection(port);
    socket.write(PREFACE);
    await closed;
  });
});

/** A frame as a client would send it. */
function frame(type: number, flags: number, streamId: number, payload: Buffer = NOTHING): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(flags, 4);
  bytes.writeUInt32BE(streamId, 5);
  payload.copy(bytes, 9);
  return bytes;
}

/** `:method: POST`, `:scheme: http`, `:path: /`. */
const POST = Buffer.from([0x83, 0x86, 0x84]);
const HELLO = Buffer.concat([PREFACE, frame(FrameType.SETTINGS, 0, 0)]);
const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** The code of the GOAWAY in what a server sent. */
function goawayCode(received: Buffer): number | undefined {
  let code: number | undefined;
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
    if (received[at + 3] === FrameType.GOAWAY) code = received.readUInt32BE(at + 9 + 4);
  }
  return code;
}

/** The code of the reset of the stream in what a server sent. */
function resetCode(received: Buffer, streamId: number): number | undefined {
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
    if (received[at + 3] === FrameType.RST_STREAM && received.readUInt32BE(at + 5) === streamId)
      return received.readUInt32BE(at + 9);
  }
  return undefined;
}

/** Literal fields without indexing, as HPACK writes them. */
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);

describe('what a client had sent before it heard', () => {
  it('that its request is answered already, body and trailers, costs the connection nothing', async () => {
    const { port } = await serve((stream) => {
      stream.respondOnly([':status', '200']);
    });
    const { socket, closed } = rawConnection(port);
    const late = Array.from({ length: 50 }, (_, n) =>
      Buffer.concat([
        frame(FrameType.HEADERS, 0x4, 2 * n + 1, POST),
        frame(FrameType.DATA, 0, 2 * n + 1, Buffer.alloc(10)),
        frame(FrameType.HEADERS, 0x5, 2 * n + 1, literal('x-late', 'yes')),
      ]),
    );
    socket.end(Buffer.concat([HELLO, ...late, frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8))]));
    const received = await closed;
    expect(goawayCode(received)).toBe(ErrorCode.NO_ERROR);
    expect(resetCode(received, 99)).toBe(ErrorCode.NO_ERROR);
  });

  it('that its request is refused costs the connection nothing', async () => {
    const { port } = await serve(keep([]), { maxConcurrentStreams: 1 });
    const { socket, closed } = rawConnection(port);
    const refused = Buffer.concat([
      frame(FrameType.HEADERS, 0x4, 1, POST),
      frame(FrameType.HEADERS, 0x4, 3, POST),
      frame(FrameType.HEADERS, 0x5, 3, literal('x-late', 'yes')),
      frame(FrameType.RST_STREAM, 0, 1, word(8)),
    ]);
    socket.end(Buffer.concat([HELLO, refused, frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8))]));
    const received = await closed;
    expect(resetCode(received, 3)).toBe(ErrorCode.REFUSED_STREAM);
    expect(goawayCode(received)).toBe(ErrorCode.NO_ERROR);
  });
});

describe('trailers', () => {
  it.each(['a\nb', 'a\0b', ' a', 'a '])('with the value %j end their stream', async (value) => {
    const { port } = await serve(keep([]));
    const { socket, closed } = rawConnection(port);
    socket.write(
      Buffer.concat([
        HELLO,
        frame(FrameType.HEADERS, 0x4, 1, POST),
        frame(FrameType.HEADERS, 0x5, 1, literal('x-trailer', value)),
        frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8)),
      ]),
    );
    expect(resetCode(await closed, 1)).toBe(ErrorCode.PROTOCOL_ERROR);
  });
});

describe('a hostile client', () => {
  const floods: [string, (n: number) => Buffer][] = [
    [
      'resets of its own requests',
      (n) =>
        Buffer.concat([
          frame(FrameType.HEADERS, 0x5, 2 * n + 1, POST),
          frame(FrameType.RST_STREAM, 0, 2 * n + 1, word(8)),
        ]),
    ],
    ['pings', () => frame(FrameType.PING, 0, 0, Buffer.alloc(8))],
    ['settings', () => frame(FrameType.SETTINGS, 0, 0)],
    ['priorities', () => frame(FrameType.PRIORITY, 0, 3, Buffer.alloc(5))],
    [
      'empty data',
      (n) =>
        n === 0
          ? Buffer.concat([frame(FrameType.HEADERS, 0x4, 1, POST), frame(FrameType.DATA, 0, 1)])
          : frame(FrameType.DATA, 0, 1),
    ],
    ['header blocks without end', (n) => frame(n === 0 ? FrameType.HEADERS : FrameType.CONTINUATION, 0, 1)],
  ];

  it.each(floods)('that floods with %s loses its connection, and nobody else does', async (_, nth) => {
    const { port } = await serve(keep([]));
    const other = session(port);
    await new Promise((resolve) => other.ping(resolve));
    const { socket, closed } = rawConnection(port);
    socket.write(Buffer.concat([HELLO, ...Array.from({ length: 20_000 }, (_unused, n) => nth(n))]));
    expect(goawayCode(await closed)).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    await new Promise((resolve) => other.ping(resolve));
    expect(other.destroyed).toBe(false);
  });

  it('that speaks HTTP/1 is told so and let go', async () => {
    const { port } = await serve();
    const { socket, closed } = rawConnection(port);
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    expect(goawayCode(await closed)).toBe(ErrorCode.PROTOCOL_ERROR);
  });

  it('that sends bytes at random breaks nothing', async () => {
    const { port } = await serve();
    const frames = fc.array(
      fc.record({
        type: fc.nat(10),
        flags: fc.constantFrom(0, 1, 4, 5, 8, 13, 0x20, 0x2c),
        streamId: fc.constantFrom(0, 1, 2, 3, 5, 2 ** 31 - 1),
        payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(POST))),
      }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(frames, async (sent) => {
        const { socket, closed } = rawConnection(port);
        const bytes = sent.map(({ type, flags, streamId, payload }) =>
          frame(type, flags, streamId, Buffer.from(payload)),
        );
        socket.end(Buffer.concat([HELLO, ...bytes]));
        await closed;
      }),
      { numRuns: 150 },
    );
    const answer = await ask(session(port), Buffer.from('still there'));
    expect(answer.body.toString()).toBe('still there');
  });

  it('that never reads its answers is bounded', async () => {
    const { port } = await serve();
    const { socket, closed } = rawConnection(port);
    socket.pause();
    const ping = frame(FrameType.PING, 0, 0, Buffer.alloc(8));
    socket.write(HELLO);
    for (let n = 0; n < 2_000; n++) socket.write(ping);
    socket.resume();
    socket.write(frame(FrameType.GOAWAY, 0, 0, Buffer.alloc(8)));
    const received = await closed;
    expect(received.length).toBeGreaterThan(2_000 * 17);
    expect(goawayCode(received)).toBe(ErrorCode.NO_ERROR);
  });
});
