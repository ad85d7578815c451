import type { Socket } from 'node:net';
import type { Http2Options } from './connection-options.ts';
import { ConnectionError, ErrorCode, StreamError } from './error-codes.ts';
import { FloodGuard } from './flood-guard.ts';
import { FrameReader, type FrameSink } from './frames/frame-reader.ts';
import { Flag, FrameType, MAX_PAYLOAD_BYTES } from './frames/frame-types.ts';
import { FrameWriter } from './frames/frame-writer.ts';
import { HeaderBlock } from './header-block.ts';
import { CompressionError, HpackDecoder } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { Http2Stream, type StreamLink } from './http2-stream.ts';
import { Keepalive } from './keepalive.ts';
import {
  DEFAULT_PEER,
  DEFAULT_WINDOW_BYTES,
  MAX_WINDOW_BYTES,
  Setting,
  changedSettings,
  type PeerSettings,
} from './peer-settings.ts';
import { RecentIds } from './recent-ids.ts';
import { RequestHeaders, faultOfRequest, faultOfTrailers } from './request-headers.ts';

/** What may wait for a client that takes nothing, besides data: acknowledgements, resets, headers. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
const TOO_LARGE = [':status', '431'];
const MAX_STREAM_ID = 2 ** 31 - 1;
/** How long a client may take to close its side once ours is closed. */
const LINGER_MS = 1_000;

/** The server's side of one HTTP/2 connection (RFC 9113). */
export class Http2Connection implements FrameSink, StreamLink {
  readonly #socket: Socket;
  readonly #options: Http2Options;
  readonly #reader = new FrameReader(this);
  readonly #writer: FrameWriter;
  readonly #decoder: HpackDecoder;
  readonly #encoder = new HpackEncoder();
  readonly #block: HeaderBlock;
  readonly #flood = new FloodGuard();
  readonly #keepalive: Keepalive;
  readonly #streams = new Map<number, Http2Stream>();
  readonly #cutShort = new RecentIds();
  /** Streams with data, and windows of their own to send it. */
  #waiting = new Set<Http2Stream>();
  #lastStreamId = 0;
  #peer: PeerSettings = DEFAULT_PEER;
  #hasPeerSettings = false;
  #sendWindowBytes = DEFAULT_WINDOW_BYTES;
  #receivableBytes: number;
  /** After GOAWAY: no further requests, and the end with the last stream. */
  #isClosing = false;
  #isOver = false;

  constructor(socket: Socket, options: Http2Options) {
    this.#socket = socket;
    this.#options = options;
    this.#writer = new FrameWriter(socket);
    this.#decoder = new HpackDecoder(options.maxHeaderListBytes);
    this.#block = new HeaderBlock(options.maxHeaderListBytes);
    this.#receivableBytes = options.connectionWindowBytes;
    this.#keepalive = new Keepalive(options.keepalive, this.#writer, () => socket.destroy());
    this.#writer.settings([
      [Setting.MAX_CONCURRENT_STREAMS, options.maxConcurrentStreams],
      [Setting.INITIAL_WINDOW_SIZE, options.streamWindowBytes],
      [Setting.MAX_HEADER_LIST_SIZE, options.maxHeaderListBytes],
    ]);
    const widened = options.connectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (widened > 0) this.#writer.windowUpdate(0, widened);
    this.#listen(socket);
  }

  get maxPayloadBytes(): number {
    return Math.min(this.#peer.payloadBytes, MAX_PAYLOAD_BYTES);
  }

  get sendableBytes(): number {
    return this.#writer.isFull ? 0 : this.#sendWindowBytes;
  }

  /** Takes no further requests; closes once those under way are answered. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#writer.goaway(this.#lastStreamId, ErrorCode.NO_ERROR, '');
    this.#endIfIdle();
  }

  /** Ends the connection and all that is under way, once what was written has left: a second may pass with that. */
  destroy(): void {
    if (!this.#isClosing) this.#writer.goaway(this.#lastStreamId, ErrorCode.NO_ERROR, '');
    this.#isClosing = true;
    this.#isOver = true;
    this.#closeStreams();
    this.#writer.flush();
    this.#socket.destroySoon();
    this.#destroyLater();
  }

  frame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#hasPeerSettings && type !== FrameType.SETTINGS) throw protocolError('SETTINGS come first');
    if (this.#block.isOpen && (type !== FrameType.CONTINUATION || streamId !== this.#block.streamId)) {
      throw protocolError('a header block is interrupted');
    }
    switch (type) {
      case FrameType.DATA:
        this.#data(flags, streamId, bytes, start, end);
        return;
      case FrameType.HEADERS:
        this.#headers(flags, streamId, bytes, start, end);
        return;
      case FrameType.CONTINUATION:
        this.#continuation(flags, streamId, bytes.subarray(start, end));
        return;
      case FrameType.WINDOW_UPDATE:
        this.#windowUpdate(streamId, bytes, start, end);
        return;
      default:
        this.#control(type, flags, streamId, bytes.subarray(start, end));
    }
  }

  sendHeaders(streamId: number, fields: readonly string[], endStream: boolean): void {
    this.#writer.headers(streamId, this.#encoder.encode(fields), endStream, this.maxPayloadBytes);
  }

  sendData(streamId: number, payload: Buffer, endStream: boolean): void {
    this.#sendWindowBytes -= payload.length;
    this.#writer.data(streamId, payload, endStream);
  }

  sendReset(streamId: number, code: ErrorCode): void {
    this.#writer.reset(streamId, code);
    this.#cutShort.add(streamId);
  }

  sendWindowUpdate(streamId: number, bytes: number): void {
    this.#writer.windowUpdate(streamId, bytes);
  }

  flush(): void {
    this.#writer.flush();
  }

  wait(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  forget(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
    if (this.#isClosing) this.#endIfIdle();
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('drain', () => {
      this.#resume();
    });
    // A socket that fails has closed as well, which says all that matters.
    socket.on('error', () => undefined);
    socket.on('end', () => {
      socket.end();
    });
    socket.on('close', () => {
      this.#closed();
    });
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#reader.read(chunk);
      if (this.#writer.unsentBytes > MAX_UNSENT_BYTES) {
        throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'the client does not read what it asks for');
      }
    } catch (error) {
      this.#fail(asConnectionError(error));
    }
  }

  #data(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    const stream = this.#existing(streamId, 'DATA');
    this.#receivableBytes -= end - start;
    if (this.#receivableBytes < 0) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'DATA beyond the window');
    }
    this.#replenish();
    const { from, to } = unpadded(flags, bytes, start, end);
    const isLast = (flags & Flag.END_STREAM) !== 0;
    if (from === to && !isLast) this.#flood.count('empty DATA frames');
    if (stream === undefined) {
      if (this.#cutShort.has(streamId)) return;
      this.#flood.count('DATA frames of closed streams');
      this.#writer.reset(streamId, ErrorCode.STREAM_CLOSED);
      return;
    }
    this.#within(stream, () => {
      stream.received(bytes.subarray(from, to), end - start);
      if (isLast) stream.requestEnded();
    });
  }

  /** What a stream has, its own window bounds. */
  #replenish(): void {
    const { connectionWindowBytes } = this.#options;
    const used = connectionWindowBytes - this.#receivableBytes;
    if (2 * used < connectionWindowBytes) return;
    this.#writer.windowUpdate(0, used);
    this.#receivableBytes = connectionWindowBytes;
  }

  #headers(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId % 2 === 0) throw protocolError(`HEADERS on stream ${streamId}`);
    const { from, to } = unpadded(flags, bytes, start, end);
    const skipped = (flags & Flag.PRIORITY) === 0 ? 0 : 5;
    if (to - from < skipped) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'HEADERS are too short');
    if (skipped > 0 && (bytes.readUInt32BE(from) & 0x7fffffff) === streamId) {
      throw protocolError('a stream depends on itself');
    }
    const endStream = (flags & Flag.END_STREAM) !== 0;
    const piece = bytes.subarray(from + skipped, to);
    if ((flags & Flag.END_HEADERS) !== 0) this.#headerBlock(streamId, piece, endStream);
    else this.#block.open(streamId, piece, endStream);
  }

  #continuation(flags: number, streamId: number, piece: Buffer): void {
    if (!this.#block.isOpen) throw protocolError('CONTINUATION of nothing');
    this.#flood.count('CONTINUATION frames');
    this.#block.append(piece);
    if ((flags & Flag.END_HEADERS) !== 0) {
      const { endStream } = this.#block;
      this.#headerBlock(streamId, this.#block.close(), endStream);
    }
  }

  #headerBlock(streamId: number, block: Buffer, endStream: boolean): void {
    const fields = this.#decoder.decode(block);
    if (streamId > this.#lastStreamId) {
      this.#lastStreamId = streamId;
      this.#request(streamId, fields, endStream);
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined && this.#cutShort.has(streamId)) return;
    if (stream === undefined || stream.hasRequestEnded) {
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, `HEADERS on stream ${streamId}, which is closed`);
    }
    this.#within(stream, () => {
      const fault = endStream ? faultOfTrailers(fields ?? []) : 'header fields within a body';
      if (fault !== undefined) throw new StreamError(ErrorCode.PROTOCOL_ERROR, fault);
      stream.requestEnded();
    });
  }

  #request(streamId: number, fields: string[] | undefined, endStream: boolean): void {
    if (this.#isClosing || this.#streams.size >= this.#options.maxConcurrentStreams) {
      this.#flood.count('requests beyond those that may be open');
      this.sendReset(streamId, ErrorCode.REFUSED_STREAM);
      return;
    }
    const windows = { send: this.#peer.windowBytes, receive: this.#options.streamWindowBytes };
    const stream = new Http2Stream(streamId, new RequestHeaders(fields ?? []), this, windows);
    if (fields === undefined) {
      stream.respondOnly(TOO_LARGE);
      return;
    }
    if (faultOfRequest(fields) !== undefined) {
      this.#flood.count('malformed requests');
      stream.reset(ErrorCode.PROTOCOL_ERROR);
      return;
    }
    this.#streams.set(streamId, stream);
    this.#options.onRequest(stream);
    if (endStream) {
      this.#within(stream, () => {
        stream.requestEnded();
      });
    }
  }

  #windowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'WINDOW_UPDATE');
    const increment = bytes.readUInt32BE(start) & 0x7fffffff;
    if (streamId > 0) {
      const stream = this.#existing(streamId, 'WINDOW_UPDATE');
      if (stream === undefined) return;
      this.#within(stream, () => {
        if (increment === 0) throw new StreamError(ErrorCode.PROTOCOL_ERROR, 'WINDOW_UPDATE by 0');
        stream.widen(increment, MAX_WINDOW_BYTES);
      });
      return;
    }
    if (increment === 0) throw protocolError('WINDOW_UPDATE by 0');
    this.#sendWindowBytes += increment;
    if (this.#sendWindowBytes > MAX_WINDOW_BYTES) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'the window is too large');
    }
    this.#resume();
  }

  #control(type: number, flags: number, streamId: number, payload: Buffer): void {
    switch (type) {
      case FrameType.RST_STREAM:
        this.#reset(streamId, payload);
        return;
      case FrameType.SETTINGS:
        this.#settings(flags, streamId, payload);
        return;
      case FrameType.PING:
        this.#ping(flags, streamId, payload);
        return;
      case FrameType.PRIORITY:
        this.#priority(streamId, payload);
        return;
      case FrameType.GOAWAY:
        if (streamId !== 0) throw protocolError('GOAWAY on a stream');
        this.close();
        return;
      case FrameType.PUSH_PROMISE:
        throw protocolError('a client promises nothing');
      default:
        this.#flood.count('frames of unknown types');
    }
  }

  #reset(streamId: number, payload: Buffer): void {
    if (payload.length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'RST_STREAM');
    this.#flood.count('resets');
    this.#existing(streamId, 'RST_STREAM')?.closed();
  }

  #settings(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw protocolError('SETTINGS on a stream');
    if ((flags & Flag.ACK) !== 0) {
      if (payload.length > 0) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'SETTINGS with ACK');
      return;
    }
    this.#flood.count('SETTINGS frames');
    const before = this.#peer;
    this.#peer = changedSettings(before, payload);
    this.#hasPeerSettings = true;
    if (this.#peer.tableBytes !== before.tableBytes) this.#encoder.limitTable(this.#peer.tableBytes);
    this.#writer.settingsAck();
    const widened = this.#peer.windowBytes - before.windowBytes;
    if (widened !== 0) this.#widenAll(widened);
  }

  #widenAll(bytes: number): void {
    for (const stream of [...this.#streams.values()]) {
      try {
        stream.widen(bytes, MAX_WINDOW_BYTES);
      } catch (error) {
        throw error instanceof StreamError ? new ConnectionError(error.code, error.message) : error;
      }
    }
  }

  #ping(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw protocolError('PING on a stream');
    if (payload.length !== 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'PING');
    if ((flags & Flag.ACK) !== 0) {
      this.#keepalive.answered();
      return;
    }
    this.#flood.count('PING frames');
    this.#writer.ping(payload, true);
  }

  #priority(streamId: number, payload: Buffer): void {
    if (streamId === 0) throw protocolError('PRIORITY of no stream');
    this.#flood.count('PRIORITY frames');
    if (payload.length !== 5) this.#streamFault(streamId, ErrorCode.FRAME_SIZE_ERROR);
    else if ((payload.readUInt32BE(0) & 0x7fffffff) === streamId)
      this.#streamFault(streamId, ErrorCode.PROTOCOL_ERROR);
  }

  /** Of a stream that need not exist. */
  #streamFault(streamId: number, code: ErrorCode): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) this.#writer.reset(streamId, code);
    else stream.reset(code);
  }

  /** Undefined for a stream that is closed. @throws ConnectionError for one that never was */
  #existing(streamId: number, what: string): Http2Stream | undefined {
    if (streamId === 0 || streamId % 2 === 0 || streamId > this.#lastStreamId) {
      throw protocolError(`${what} on stream ${streamId}, which is idle`);
    }
    return this.#streams.get(streamId);
  }

  /** What the peer did wrong in a stream ends that alone. */
  #within(stream: Http2Stream, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#flood.count('errors in streams');
      stream.reset(error.code);
    }
  }

  /** One stream after the other sends some of what it has; one that has more goes to the end of the line. */
  #resume(): void {
    for (const stream of this.#waiting) {
      if (this.sendableBytes <= 0) return;
      this.#waiting.delete(stream);
      stream.resume();
    }
  }

  #fail({ code, message }: ConnectionError): void {
    this.#isOver = true;
    this.#writer.goaway(Math.min(this.#lastStreamId, MAX_STREAM_ID), code, message);
    this.#end();
  }

  #endIfIdle(): void {
    if (this.#streams.size === 0 && !this.#isOver) this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#closeStreams();
    this.#writer.flush();
    this.#socket.end();
    this.#destroyLater();
  }

  #closeStreams(): void {
    for (const stream of [...this.#streams.values()]) stream.closed();
  }

  #destroyLater(): void {
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  #closed(): void {
    this.#isOver = true;
    this.#keepalive.stop();
    this.#closeStreams();
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** @throws ConnectionError where the padding is longer than the frame */
function unpadded(flags: number, bytes: Buffer, start: number, end: number): Range {
  if ((flags & Flag.PADDED) === 0) return { from: start, to: end };
  const to = end - (bytes[start] ?? 0);
  if (start + 1 > to) throw protocolError('the padding is longer than its frame');
  return { from: start + 1, to };
}

const protocolError = (fault: string): ConnectionError =>
  new ConnectionError(ErrorCode.PROTOCOL_ERROR, fault);

/** @throws what is no fault of the peer's */
function asConnectionError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  if (error instanceof CompressionError)
    return new ConnectionError(ErrorCode.COMPRESSION_ERROR, error.message);
  throw error;
}
