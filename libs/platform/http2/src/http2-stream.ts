import { ErrorCode, StreamError } from './error-codes.ts';
import type { RequestHeaders } from './request-headers.ts';

/** Hears what happens to one request. None of these may throw. */
export interface StreamHandler {
  /** Bytes of the body. The stream takes more once it is told that they are `consumed`. */
  data(chunk: Buffer): void;
  /** The request is complete. */
  end(): void;
  /** All that was written has left for the socket. */
  drained(): void;
  /** The stream is over, by its answer, a reset of either side, or the end of its connection. Called once, last. */
  closed(): void;
}

/** What a stream needs of its connection. */
export interface StreamLink {
  readonly maxPayloadBytes: number;
  /** Bytes of data that the connection may send now; 0 as well while its socket is full. */
  readonly sendableBytes: number;
  sendHeaders(streamId: number, fields: readonly string[], endStream: boolean): void;
  sendData(streamId: number, payload: Buffer, endStream: boolean): void;
  sendReset(streamId: number, code: ErrorCode): void;
  sendWindowUpdate(streamId: number, bytes: number): void;
  flush(): void;
  /** The connection calls `resume` when it can send again, one waiting stream after the other. */
  wait(stream: Http2Stream): void;
  forget(stream: Http2Stream): void;
}

/** Frames that a stream sends before the next one has its turn. */
const FRAMES_A_TURN = 4;
/** What a stream keeps for its client before whoever writes should wait. */
const HIGH_WATER_BYTES = 65_536;
const NO_TRAILERS: readonly string[] = [];

/** One request and its answer. What is called on a stream that is over changes nothing. */
export class Http2Stream {
  readonly id: number;
  readonly headers: RequestHeaders;
  readonly #link: StreamLink;
  #handler: StreamHandler | undefined;
  #isClosed = false;
  #hasRequestEnded = false;
  /** Bytes that the client may send, of `#receiveWindowBytes` at first. */
  #receivableBytes: number;
  readonly #receiveWindowBytes: number;
  #consumedBytes = 0;
  /** What `content-length` announced and has not come. */
  #dueBytes: number | undefined;
  #sendWindowBytes: number;
  #queue: Buffer[] = [];
  #unsentBytes = 0;
  #trailers: readonly string[] | undefined;

  constructor(
    id: number,
    headers: RequestHeaders,
    link: StreamLink,
    windows: { send: number; receive: number },
  ) {
    this.id = id;
    this.headers = headers;
    this.#link = link;
    this.#sendWindowBytes = windows.send;
    this.#receiveWindowBytes = windows.receive;
    this.#receivableBytes = windows.receive;
    const length = headers.get('content-length');
    if (length !== undefined) this.#dueBytes = Number(length);
  }

  /** To be called once, before anything comes. */
  handle(handler: StreamHandler): void {
    this.#handler = handler;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the client has sent all of its request. */
  get hasRequestEnded(): boolean {
    return this.#hasRequestEnded;
  }

  /** Bytes that were written and wait for the client to take more. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** @param fields flat: name, value, name, value; names in lower case, `:status` first */
  respond(fields: readonly string[]): void {
    if (!this.#isClosed) this.#link.sendHeaders(this.id, fields, false);
  }

  /** The whole answer is these fields. */
  respondOnly(fields: readonly string[]): void {
    if (this.#isClosed) return;
    this.#link.sendHeaders(this.id, fields, true);
    this.#close();
  }

  /** False while much waits for the client to take it: `drained` says when nothing does. The bytes must not change. */
  write(data: Buffer): boolean {
    if (this.#isClosed || this.#trailers !== undefined) return true;
    this.#queue.push(data);
    this.#unsentBytes += data.length;
    if (this.#queue.length === 1) this.#send(Infinity);
    return this.#unsentBytes < HIGH_WATER_BYTES;
  }

  /** What was written leaves now rather than at the end of this turn of the event loop. */
  flush(): void {
    if (!this.#isClosed) this.#link.flush();
  }

  /** After what was written come these fields, and the answer is complete. */
  end(trailers: readonly string[] = NO_TRAILERS): void {
    if (this.#isClosed || this.#trailers !== undefined) return;
    this.#trailers = trailers;
    if (this.#queue.length === 0) this.#finish(trailers);
  }

  reset(code: ErrorCode): void {
    if (this.#isClosed) return;
    this.#link.sendReset(this.id, code);
    this.closed();
  }

  /** So many bytes that `data` brought are dealt with. */
  consumed(bytes: number): void {
    if (this.#isClosed || this.#hasRequestEnded) return;
    this.#consumedBytes += bytes;
    if (2 * this.#consumedBytes < this.#receiveWindowBytes) return;
    this.#link.sendWindowUpdate(this.id, this.#consumedBytes);
    this.#receivableBytes += this.#consumedBytes;
    this.#consumedBytes = 0;
  }

  /** For the connection: a DATA frame. @param frameBytes its payload with padding @throws StreamError */
  received(chunk: Buffer, frameBytes: number): void {
    if (this.#hasRequestEnded) throw new StreamError(ErrorCode.STREAM_CLOSED, 'DATA after the request');
    this.#receivableBytes -= frameBytes;
    if (this.#receivableBytes < 0)
      throw new StreamError(ErrorCode.FLOW_CONTROL_ERROR, 'DATA beyond the window');
    if (this.#dueBytes !== undefined) this.#dueBytes -= chunk.length;
    if (frameBytes > chunk.length) this.consumed(frameBytes - chunk.length);
    if (chunk.length > 0) this.#handler?.data(chunk);
  }

  /** For the connection. @throws StreamError */
  requestEnded(): void {
    if (this.#isClosed) return;
    if (this.#dueBytes !== undefined && this.#dueBytes !== 0) {
      throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'the body is not as long as content-length says');
    }
    this.#hasRequestEnded = true;
    this.#handler?.end();
  }

  /** For the connection: the client takes so many bytes more, or less. @throws StreamError */
  widen(bytes: number, mostBytes: number): void {
    this.#sendWindowBytes += bytes;
    if (this.#sendWindowBytes > mostBytes)
      throw new StreamError(ErrorCode.FLOW_CONTROL_ERROR, 'the window is too large');
    if (this.#queue.length > 0) this.#send(Infinity);
  }

  /** For the connection: it can send again. */
  resume(): void {
    if (!this.#isClosed) this.#send(FRAMES_A_TURN);
  }

  /** For the connection: nothing goes to the client or comes from it any more. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#unsentBytes = 0;
    this.#link.forget(this);
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.closed();
  }

  #send(mostFrames: number): void {
    for (let frames = 0; this.#queue.length > 0; frames++) {
      const bytes = Math.min(this.#sendWindowBytes, this.#link.sendableBytes, this.#link.maxPayloadBytes);
      if (bytes <= 0 || frames === mostFrames) {
        if (this.#sendWindowBytes > 0) this.#link.wait(this);
        return;
      }
      this.#sendFrame(bytes);
    }
    if (this.#trailers === undefined) this.#handler?.drained();
    else this.#finish(this.#trailers);
  }

  #sendFrame(mostBytes: number): void {
    const [data = NOTHING] = this.#queue;
    const piece = data.length <= mostBytes ? data : data.subarray(0, mostBytes);
    this.#sendWindowBytes -= piece.length;
    this.#unsentBytes -= piece.length;
    this.#link.sendData(this.id, piece, false);
    if (piece === data) this.#queue.shift();
    else this.#queue[0] = data.subarray(piece.length);
  }

  #finish(trailers: readonly string[]): void {
    if (trailers.length > 0) this.#link.sendHeaders(this.id, trailers, true);
    else this.#link.sendData(this.id, NOTHING, true);
    this.#close();
  }

  /** An answered request is over, whether or not its client ever ends it: half-closed streams would stay for good. */
  #close(): void {
    if (!this.#hasRequestEnded) this.#link.sendReset(this.id, ErrorCode.NO_ERROR);
    this.closed();
  }
}

const NOTHING = Buffer.alloc(0);
