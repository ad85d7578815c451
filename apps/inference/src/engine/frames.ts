/**
 * Messages on a byte stream. A frame is: u32 length of the head, u32 length of the body, the head (JSON), the body
 * (raw bytes; lengths little-endian). Tensors travel in bodies only.
 */
export interface Frame {
  readonly head: unknown;
  readonly body: ArrayBuffer;
}

/** The stream does not hold what it should; nothing on it can be trusted any more. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

const PREFIX_BYTES = 8;
/** Heads hold shapes and names: signatures of thousands of inputs fit. */
const MAX_HEAD_BYTES = 4 * 2 ** 20;
/** Room for the largest batch and its alignment. */
export const MAX_BODY_BYTES = 288 * 2 ** 20;

/** The parts of a frame, to be written one after the other; the body is not copied. */
export function encodeFrame(head: object, body: readonly Uint8Array[]): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES + json.length);
  prefix.writeUInt32LE(json.length, 0);
  prefix.writeUInt32LE(
    body.reduce((sum, part) => sum + part.length, 0),
    4,
  );
  prefix.set(json, PREFIX_BYTES);
  return [prefix, ...body];
}

/** Puts frames together from chunks of any size. Bodies are gathered in place, in one copy. */
export class FrameReader {
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #filling: Uint8Array = this.#prefix;
  #filled = 0;
  #head: Uint8Array | undefined;
  #bodyBytes = 0;

  /** The frames that the chunk completes, in order. @throws FrameError */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + this.#filling.length - this.#filled);
      this.#filling.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      while (this.#filled === this.#filling.length) {
        const frame = this.#advance();
        if (frame !== undefined) frames.push(frame);
      }
    }
    return frames;
  }

  /** What was being filled is full: a prefix, a head or a body. */
  #advance(): Frame | undefined {
    const full = this.#filling;
    if (full === this.#prefix) {
      this.#fill(new Uint8Array(this.#headBytes()));
      return undefined;
    }
    if (this.#head === undefined) {
      this.#head = full;
      this.#fill(new Uint8Array(this.#bodyBytes));
      return undefined;
    }
    const head = parse(this.#head);
    this.#head = undefined;
    this.#fill(this.#prefix);
    return { head, body: full.buffer as ArrayBuffer };
  }

  #headBytes(): number {
    const prefix = new DataView(this.#prefix.buffer);
    const headBytes = prefix.getUint32(0, true);
    this.#bodyBytes = prefix.getUint32(4, true);
    if (headBytes === 0 || headBytes > MAX_HEAD_BYTES || this.#bodyBytes > MAX_BODY_BYTES) {
      throw new FrameError(`a frame of ${headBytes} and ${this.#bodyBytes} bytes`);
    }
    return headBytes;
  }

  #fill(target: Uint8Array): void {
    this.#filling = target;
    this.#filled = 0;
  }
}

function parse(head: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString());
  } catch (error) {
    throw new FrameError('the head of a frame is no JSON', { cause: error });
  }
}
