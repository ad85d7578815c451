import type { Duplex } from 'node:stream';
import { FRAME_HEADER_BYTES, Flag, FrameType } from './frame-types.ts';

const LEAST_CHUNK_BYTES = 512;
const MOST_CHUNK_BYTES = 65_536;
/** Payloads from here on are handed to the socket where they lie; copying shorter ones costs less. */
const COPIED_PAYLOAD_BYTES = 8_192;
/** What may wait in the socket before data waits in its streams instead. */
const HIGH_WATER_BYTES = 262_144;

/**
 * Writes frames to a socket. All frames of a turn of the event loop leave together, at its end, small ones laid side by
 * side in one buffer: what a call answers is three of them.
 */
export class FrameWriter {
  readonly #socket: Duplex;
  #full: Buffer[] = [];
  #fullBytes = 0;
  #chunk: Buffer = NOTHING;
  #position = 0;
  /** As much as left the last time, so that most turns need one buffer. */
  #nextChunkBytes = LEAST_CHUNK_BYTES;
  #isScheduled = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Whether data should wait until the socket has drained. */
  get isFull(): boolean {
    return this.unsentBytes >= HIGH_WATER_BYTES;
  }

  /** Bytes that the peer has not taken. */
  get unsentBytes(): number {
    return this.#fullBytes + this.#position + this.#socket.writableLength;
  }

  headers(streamId: number, block: Buffer, endStream: boolean, maxPayloadBytes: number): void {
    let type: number = FrameType.HEADERS;
    let flags: number = endStream ? Flag.END_STREAM : 0;
    for (let start = 0; start === 0 || start < block.length; start += maxPayloadBytes) {
      const piece = block.length <= maxPayloadBytes ? block : block.subarray(start, start + maxPayloadBytes);
      if (start + maxPayloadBytes >= block.length) flags |= Flag.END_HEADERS;
      this.#header(piece.length, type, flags, streamId, piece.length);
      this.#position += piece.copy(this.#chunk, this.#position);
      type = FrameType.CONTINUATION;
      flags = 0;
    }
  }

  data(streamId: number, payload: Buffer, endStream: boolean): void {
    const flags = endStream ? Flag.END_STREAM : 0;
    if (payload.length <= COPIED_PAYLOAD_BYTES) {
      this.#header(payload.length, FrameType.DATA, flags, streamId, payload.length);
      this.#position += payload.copy(this.#chunk, this.#position);
      return;
    }
    this.#header(payload.length, FrameType.DATA, flags, streamId, 0);
    this.#seal();
    this.#full.push(payload);
    this.#fullBytes += payload.length;
  }

  reset(streamId: number, code: number): void {
    this.#header(4, FrameType.RST_STREAM, 0, streamId, 4);
    this.#uint32(code);
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.#header(4, FrameType.WINDOW_UPDATE, 0, streamId, 4);
    this.#uint32(bytes);
  }

  /** Each setting is a number and its value. */
  settings(settings: readonly (readonly [number, number])[]): void {
    this.#header(6 * settings.length, FrameType.SETTINGS, 0, 0, 6 * settings.length);
    for (const [id, value] of settings) {
      this.#position = this.#chunk.writeUInt16BE(id, this.#position);
      this.#uint32(value);
    }
  }

  settingsAck(): void {
    this.#header(0, FrameType.SETTINGS, Flag.ACK, 0, 0);
  }

  /** @param payload 8 bytes */
  ping(payload: Buffer, isAck: boolean): void {
    this.#header(payload.length, FrameType.PING, isAck ? Flag.ACK : 0, 0, payload.length);
    this.#position += payload.copy(this.#chunk, this.#position);
  }

  goaway(lastStreamId: number, code: number, why: string): void {
    const text = Buffer.from(why);
    this.#header(8 + text.length, FrameType.GOAWAY, 0, 0, 8 + text.length);
    this.#uint32(lastStreamId);
    this.#uint32(code);
    this.#position += text.copy(this.#chunk, this.#position);
  }

  /** Hands everything to the socket now rather than at the end of the turn. */
  flush(): void {
    this.#seal();
    this.#nextChunkBytes = Math.min(MOST_CHUNK_BYTES, Math.max(LEAST_CHUNK_BYTES, this.#fullBytes));
    this.#chunk = NOTHING;
    this.#position = 0;
    const buffers = this.#full;
    this.#full = [];
    this.#fullBytes = 0;
    const socket = this.#socket;
    if (buffers.length === 0 || !socket.writable) return;
    if (buffers.length > 1) socket.cork();
    for (const buffer of buffers) socket.write(buffer);
    if (buffers.length > 1) socket.uncork();
  }

  #header(payloadBytes: number, type: number, flags: number, streamId: number, room: number): void {
    this.#reserve(FRAME_HEADER_BYTES + room);
    const chunk = this.#chunk;
    const at = this.#position;
    chunk[at] = payloadBytes >>> 16;
    chunk[at + 1] = payloadBytes >>> 8;
    chunk[at + 2] = payloadBytes;
    chunk[at + 3] = type;
    chunk[at + 4] = flags;
    chunk[at + 5] = streamId >>> 24;
    chunk[at + 6] = streamId >>> 16;
    chunk[at + 7] = streamId >>> 8;
    chunk[at + 8] = streamId;
    this.#position = at + FRAME_HEADER_BYTES;
  }

  #uint32(value: number): void {
    this.#position = this.#chunk.writeUInt32BE(value, this.#position);
  }

  #reserve(bytes: number): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(flushAtEndOfTurn, this);
    }
    if (this.#position + bytes <= this.#chunk.length) return;
    this.#seal();
    this.#chunk = Buffer.allocUnsafe(Math.max(bytes, this.#nextChunkBytes));
    this.#position = 0;
  }

  /** What is in the chunk goes before what comes; the rest of it is still to be filled. */
  #seal(): void {
    if (this.#position === 0) return;
    this.#full.push(this.#chunk.subarray(0, this.#position));
    this.#fullBytes += this.#position;
    this.#chunk = this.#chunk.subarray(this.#position);
    this.#position = 0;
  }

  static endOfTurn(writer: FrameWriter): void {
    writer.#isScheduled = false;
    writer.flush();
  }
}

const NOTHING = Buffer.alloc(0);
const flushAtEndOfTurn = (writer: FrameWriter): void => {
  FrameWriter.endOfTurn(writer);
};
