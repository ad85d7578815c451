import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { FLAG, FRAME, FrameReader, frameOf, type Frame } from './frames.ts';
import { grpcStatusOf, HeaderBlockError } from './grpc-status.ts';
import { OpenStreams } from './open-streams.ts';

const UNKNOWN = 2;
const UNAVAILABLE = 14;
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const LARGEST_WINDOW = 2 ** 31 - 1;
const DEFAULT_WINDOW = 65_535;
/** What every peer takes in one frame and on one stream. */
const LARGEST_MESSAGE = 16_384;
const SETTING = { HEADER_TABLE_SIZE: 1, ENABLE_PUSH: 2, MAX_CONCURRENT_STREAMS: 3, INITIAL_WINDOW_SIZE: 4 };
const NOTHING = Buffer.alloc(0);

/** Takes a gRPC status. */
type Settle = (status: number) => void;

interface Waiting {
  readonly message: Buffer;
  readonly settle: Settle;
}

/**
 * Unary gRPC calls on one HTTP/2 connection, at a fraction of the cost of Node's own client: on a machine that carries
 * the server too, a load generator must not take what it measures. Of an answer only the status is read. Messages are
 * at most 16 KiB with their frame, plaintext only.
 */
export class UnaryConnection {
  readonly #socket: Socket;
  readonly #head: Buffer;
  readonly #calls = new OpenStreams<Settle>();
  readonly #waiting: Waiting[] = [];
  readonly #reader = new FrameReader();
  #outgoing: Buffer[] = [];
  #nextStreamId = 1;
  #sendWindow = DEFAULT_WINDOW;
  #mostStreams = Infinity;
  #unacknowledgedBytes = 0;
  #closed = false;
  #ready: () => void = () => undefined;

  private constructor(socket: Socket, head: Buffer) {
    this.#socket = socket.setNoDelay();
    this.#head = head;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('close', () => this.#end());
    socket.on('error', () => undefined); // followed by `close`
  }

  /** Resolves once the peer has agreed to keep no header table. Rejects where it cannot be reached. */
  static async connect(address: string, path: string): Promise<UnaryConnection> {
    const { hostname, port } = new URL(`http://${address}`);
    const socket = connectSocket(Number(port), hostname.replace(/^\[|\]$/g, ''));
    await once(socket, 'connect');
    const connection = new UnaryConnection(socket, requestHead(address, path));
    await connection.#shakeHands();
    return connection;
  }

  /** Sends a framed message; answers the gRPC status, UNAVAILABLE (14) where the connection is lost. */
  call(message: Buffer): Promise<number> {
    if (message.length > LARGEST_MESSAGE)
      throw new RangeError(`${message.length} bytes do not fit one frame`);
    return new Promise((settle) => {
      this.#waiting.push({ message, settle });
      this.#sendWaiting();
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#end();
  }

  async #shakeHands(): Promise<void> {
    const agreed = new Promise<void>((resolve) => (this.#ready = resolve));
    const lost = once(this.#socket, 'close').then(() => {
      throw new Error('the server closed the connection, or speaks no HTTP/2');
    });
    this.#send(PREFACE, ourSettings(), windowUpdate(0, LARGEST_WINDOW - DEFAULT_WINDOW));
    lost.catch(() => undefined);
    await Promise.race([agreed, lost]);
  }

  #sendWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#closed) next.settle(UNAVAILABLE);
      else if (this.#calls.size < this.#mostStreams && next.message.length <= this.#sendWindow)
        this.#open(next);
      else return;
      this.#waiting.shift();
    }
  }

  #open({ message, settle }: Waiting): void {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.#sendWindow -= message.length;
    this.#calls.add(streamId, settle);
    this.#send(
      frameOf(FRAME.HEADERS, FLAG.END_HEADERS, streamId, this.#head),
      frameOf(FRAME.DATA, FLAG.END_STREAM, streamId, message),
    );
  }

  /** What is sent in one turn leaves in one write. */
  #send(...frames: readonly Buffer[]): void {
    if (this.#outgoing.length === 0) process.nextTick(() => this.#flush());
    this.#outgoing.push(...frames);
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#outgoing);
    this.#outgoing = [];
    if (!this.#closed) this.#socket.write(bytes);
  }

  #receive(chunk: Buffer): void {
    try {
      this.#reader.read(chunk, (frame) => this.#take(frame));
    } catch (error) {
      if (!(error instanceof HeaderBlockError)) throw error;
      this.#socket.destroy(); // what is not understood cannot be counted: its calls are lost
    }
  }

  #take(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    if (type === FRAME.DATA) this.#takeData(frame);
    else if (type === FRAME.HEADERS) this.#takeHeaders(frame);
    else if (type === FRAME.RST_STREAM) this.#settle(streamId, UNAVAILABLE);
    else if (type === FRAME.SETTINGS) this.#takeSettings(frame);
    else if (type === FRAME.PING && (flags & FLAG.ACK) === 0) {
      this.#send(frameOf(FRAME.PING, FLAG.ACK, 0, payload));
    } else if (type === FRAME.GOAWAY) this.#socket.destroy();
    else if (type === FRAME.WINDOW_UPDATE && streamId === 0) {
      this.#sendWindow += payload.readUInt32BE(0);
      this.#sendWaiting();
    }
  }

  #takeData({ flags, streamId, payload }: Frame): void {
    this.#unacknowledgedBytes += payload.length;
    if (this.#unacknowledgedBytes > LARGEST_WINDOW / 2) {
      this.#send(windowUpdate(0, this.#unacknowledgedBytes));
      this.#unacknowledgedBytes = 0;
    }
    if ((flags & FLAG.END_STREAM) !== 0) this.#settle(streamId, UNKNOWN);
  }

  #takeHeaders({ flags, streamId, payload }: Frame): void {
    if ((flags & FLAG.END_STREAM) === 0) return; // headers before the answer; the status stands in the trailers
    const unpadded = FLAG.PADDED | FLAG.PRIORITY;
    if ((flags & FLAG.END_HEADERS) === 0 || (flags & unpadded) !== 0) {
      throw new HeaderBlockError('trailers in several frames, padded or with priorities');
    }
    this.#settle(streamId, grpcStatusOf(payload) ?? UNKNOWN);
  }

  #takeSettings({ flags, payload }: Frame): void {
    if ((flags & FLAG.ACK) !== 0) return this.#ready();
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      if (payload.readUInt16BE(at) === SETTING.MAX_CONCURRENT_STREAMS) this.#mostStreams = value;
    }
    this.#send(frameOf(FRAME.SETTINGS, FLAG.ACK, 0, NOTHING));
  }

  #settle(streamId: number, status: number): void {
    const settle = this.#calls.take(streamId);
    if (settle === undefined) return;
    settle(status);
    if (this.#waiting.length > 0) this.#sendWaiting();
  }

  #end(): void {
    this.#closed = true;
    for (const settle of this.#calls.takeAll()) settle(UNAVAILABLE);
    this.#sendWaiting();
  }
}

function ourSettings(): Buffer {
  const settings = [
    [SETTING.HEADER_TABLE_SIZE, 0],
    [SETTING.ENABLE_PUSH, 0],
    [SETTING.INITIAL_WINDOW_SIZE, LARGEST_WINDOW],
  ] as const;
  const payload = Buffer.alloc(6 * settings.length);
  settings.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  });
  return frameOf(FRAME.SETTINGS, 0, 0, payload);
}

function windowUpdate(streamId: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frameOf(FRAME.WINDOW_UPDATE, 0, streamId, payload);
}

/** Headers of every request in HPACK: literals that no table keeps. */
function requestHead(authority: string, path: string): Buffer {
  const post = 0x83;
  const http = 0x86;
  const named = (index: number, value: string) => [
    ...(index < 15 ? [index] : [15, index - 15]),
    ...text(value),
  ];
  return Buffer.from([
    ...[post, http],
    ...[...named(1, authority), ...named(4, path), ...named(31, 'application/grpc')],
    ...[0, ...text('te'), ...text('trailers')],
    ...[0, ...text('grpc-timeout'), ...text('30S')],
  ]);
}

/** At most 126 bytes. */
function text(value: string): number[] {
  return [value.length, ...Buffer.from(value)];
}
