import { createGunzip, createInflate, type Gunzip, type Inflate } from 'node:zlib';
import type { ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';
import { tooLarge } from './limits.ts';

const PREFIX_BYTES = 5;
const FIRST_CAPACITY_BYTES = 1_024;
/** HTTP/2 frames of 16 KiB: a message of 64 KiB is then copied once, not twice. */
const GROWTH = 4;

const DECOMPRESSORS: ReadonlyMap<string, () => Gunzip | Inflate> = new Map([
  ['gzip', createGunzip],
  ['deflate', createInflate],
]);

/** Where the bytes of a message are counted once it turns out longer than it came. */
export interface Accounts {
  /** Told of the decompressed length so far; false when no more may be kept. */
  unpacked(bytes: number): boolean;
}

/**
 * Puts together the one message of a request: a flag, 4 bytes of length, and so many bytes
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). A message that comes in one piece is a view of it;
 * pieces are copied, because each may be one byte of a socket's buffer of 64 KiB.
 */
export class SingleMessage {
  readonly #maxBytes: number;
  readonly #encoding: string;
  readonly #accounts: Accounts;
  #frame: Buffer | undefined;
  #bytes = 0;
  #dueBytes: number | undefined;
  #ended = false;
  #message: Buffer | undefined;
  #failure: ServiceError | undefined;
  #decompressor: Gunzip | Inflate | undefined;
  #waiting: ((message: Buffer | Promise<never>) => void) | undefined;

  /** @param encoding the header `grpc-encoding`. */
  constructor(maxBytes: number, encoding: string | undefined, accounts: Accounts) {
    this.#maxBytes = maxBytes;
    this.#encoding = encoding ?? 'identity';
    this.#accounts = accounts;
  }

  /**
   * The message, decompressed. To be asked for once. Rejects with MESSAGE_TOO_LARGE as soon as its length is known,
   * with WRONG_MESSAGE_COUNT, MALFORMED_MESSAGE or UNSUPPORTED_ENCODING.
   */
  received(): Promise<Buffer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#message !== undefined) return Promise.resolve(this.#message);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  write(chunk: Buffer): void {
    if (this.#failure !== undefined || chunk.length === 0) return;
    if (this.#bytes === 0) this.#frame = chunk;
    else this.#append(chunk);
    this.#bytes += chunk.length;
    if (this.#dueBytes === undefined && this.#bytes >= PREFIX_BYTES) this.#readPrefix();
    if (this.#dueBytes === undefined || this.#bytes < this.#dueBytes) this.#own();
    else if (this.#bytes > this.#dueBytes) {
      this.fail(rpcErrors.WRONG_MESSAGE_COUNT('the call brings more than one request'));
    }
  }

  /** No more bytes will come. Said again, it changes nothing: a stream says so once more when it is destroyed. */
  end(): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#ended = true;
    const frame = this.#frame;
    this.#frame = undefined;
    if (frame === undefined) {
      this.fail(rpcErrors.WRONG_MESSAGE_COUNT('the call brings no request'));
    } else if (this.#bytes !== this.#dueBytes) {
      this.fail(rpcErrors.MALFORMED_MESSAGE('the request ends inside its message'));
    } else {
      const message = frame.subarray(PREFIX_BYTES, this.#bytes);
      if (frame[0] === 0) this.#settle(message);
      else this.#decompress(message);
    }
  }

  /** Nobody wants the message any more: what there is of it is let go. */
  drop(): void {
    this.#frame = undefined;
    this.#message = undefined;
    this.#decompressor?.destroy();
    this.#decompressor = undefined;
  }

  #readPrefix(): void {
    const length = this.#frame?.readUInt32BE(1) ?? 0;
    this.#dueBytes = PREFIX_BYTES + length;
    if (length > this.#maxBytes) this.fail(tooLarge(length, this.#maxBytes));
  }

  /** The first piece of several: from here on the bytes lie in a buffer of our own. */
  #own(): void {
    const frame = this.#frame;
    if (frame === undefined || frame.length > this.#bytes) return;
    this.#frame = this.#enlarged(frame, this.#bytes + 1);
  }

  #append(chunk: Buffer): void {
    const frame = this.#frame ?? Buffer.alloc(0);
    const needed = this.#bytes + chunk.length;
    this.#frame = needed <= frame.length ? frame : this.#enlarged(frame, needed);
    chunk.copy(this.#frame, this.#bytes);
  }

  /** Several times as large, as far as the message will be: what is announced is not yet to be believed. */
  #enlarged(frame: Buffer, needed: number): Buffer {
    const wanted = Math.max(needed, GROWTH * frame.length, FIRST_CAPACITY_BYTES);
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(wanted, this.#dueBytes ?? Infinity)));
    frame.copy(larger, 0, 0, this.#bytes);
    return larger;
  }

  #decompress(message: Buffer): void {
    const make = DECOMPRESSORS.get(this.#encoding);
    if (make === undefined) {
      this.fail(rpcErrors.UNSUPPORTED_ENCODING(`messages cannot be compressed by "${this.#encoding}"`));
      return;
    }
    const decompressor = make();
    this.#decompressor = decompressor;
    const pieces: Buffer[] = [];
    let bytes = 0;
    const isWanted = (): boolean => this.#decompressor === decompressor;
    decompressor.on('data', (piece: Buffer) => {
      if (!isWanted()) return;
      bytes += piece.length;
      pieces.push(piece);
      if (bytes > this.#maxBytes) this.fail(tooLarge(bytes, this.#maxBytes));
      else if (!this.#accounts.unpacked(bytes)) this.drop();
    });
    decompressor.on('end', () => {
      if (isWanted()) this.#settle(Buffer.concat(pieces, bytes));
    });
    decompressor.on('error', (cause) => {
      if (isWanted()) this.fail(rpcErrors.MALFORMED_MESSAGE('the message cannot be decompressed', { cause }));
    });
    decompressor.end(message);
  }

  #settle(message: Buffer): void {
    this.#message = message;
    this.#waiting?.(message);
  }

  /** The message is not wanted any more, or cannot be had: who waits for it is told why. The first failure counts. */
  fail(failure: ServiceError): void {
    this.#failure ??= failure;
    this.drop();
    this.#waiting?.(Promise.reject(this.#failure));
    this.#waiting = undefined;
  }
}
