import { ConnectionError, ErrorCode } from './error-codes.ts';

/** A header block that comes in several frames. */
export class HeaderBlock {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Whether one has begun that has not ended. */
  isOpen = false;
  streamId = 0;
  /** Whether the stream ends with it. */
  endStream = false;

  /** @param maxBytes compressed: no block is longer than the fields that it holds may be */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  open(streamId: number, piece: Buffer, endStream: boolean): void {
    this.isOpen = true;
    this.streamId = streamId;
    this.endStream = endStream;
    this.append(piece);
  }

  /** @throws ConnectionError where the block is too long: what it does to the table cannot be left out */
  append(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'a header block is too long');
    }
  }

  /** The whole block. */
  close(): Buffer {
    const block = Buffer.concat(this.#pieces, this.#bytes);
    this.isOpen = false;
    this.#pieces = [];
    this.#bytes = 0;
    return block;
  }
}
