import { ConnectionError, ErrorCode } from '../error-codes.ts';
import { FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES, PREFACE } from './frame-types.ts';

/** Takes frames in their order. The payload is `bytes` from `start` to `end`, and may be kept: nobody writes there. */
export interface FrameSink {
  frame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void;
}

/**
 * Cuts what a client sends into frames. A frame that comes in one piece is handed on where it lies; of one that is cut,
 * the pieces are put together, and no byte besides.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  /** What is being put together: the preface, a frame's header, or a whole frame. */
  #pending: Buffer = Buffer.allocUnsafeSlow(PREFACE.length);
  #pendingBytes = 0;
  #isPrefaceDue = true;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** @throws ConnectionError, and what the sink throws: then nothing more is to be read */
  read(chunk: Buffer): void {
    let position = 0;
    if (this.#isPrefaceDue) position = this.#readPreface(chunk);
    while (position < chunk.length) {
      position = this.#pendingBytes > 0 ? this.#complete(chunk, position) : this.#readWhole(chunk, position);
    }
  }

  #readPreface(chunk: Buffer): number {
    const bytes = chunk.copy(this.#pending, this.#pendingBytes);
    const came = this.#pendingBytes + bytes;
    if (PREFACE.compare(this.#pending, 0, came, 0, came) !== 0) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the client does not speak HTTP/2');
    }
    this.#pendingBytes = came;
    if (came === PREFACE.length) {
      this.#isPrefaceDue = false;
      this.#pendingBytes = 0;
    }
    return bytes;
  }

  /** Hands on the frame at `position`, or keeps the beginning of it. Answers where the next one starts. */
  #readWhole(chunk: Buffer, position: number): number {
    const available = chunk.length - position;
    if (available >= FRAME_HEADER_BYTES) {
      const bytes = FRAME_HEADER_BYTES + payloadBytes(chunk, position);
      if (available >= bytes) {
        this.#hand(chunk, position, position + bytes);
        return position + bytes;
      }
      this.#pending = Buffer.allocUnsafeSlow(bytes);
    } else {
      this.#pending = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES);
    }
    this.#pendingBytes = chunk.copy(this.#pending, 0, position);
    return chunk.length;
  }

  #complete(chunk: Buffer, position: number): number {
    const bytes = chunk.copy(this.#pending, this.#pendingBytes, position);
    this.#pendingBytes += bytes;
    if (this.#pendingBytes < this.#pending.length) return position + bytes;
    const pending = this.#pending;
    const frameBytes = FRAME_HEADER_BYTES + payloadBytes(pending, 0);
    if (frameBytes > pending.length) {
      this.#pending = Buffer.allocUnsafeSlow(frameBytes);
      pending.copy(this.#pending);
    } else {
      this.#pendingBytes = 0;
      this.#hand(pending, 0, frameBytes);
    }
    return position + bytes;
  }

  #hand(bytes: Buffer, start: number, end: number): void {
    const streamId = bytes.readUInt32BE(start + 5) & 0x7fffffff;
    const type = bytes[start + 3] ?? 0;
    this.#sink.frame(type, bytes[start + 4] ?? 0, streamId, bytes, start + FRAME_HEADER_BYTES, end);
  }
}

/** @throws ConnectionError where the frame is larger than we said that we take */
function payloadBytes(bytes: Buffer, start: number): number {
  const length = bytes.readUIntBE(start, 3);
  if (length > MAX_PAYLOAD_BYTES) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `a frame has ${length} bytes`);
  }
  return length;
}
