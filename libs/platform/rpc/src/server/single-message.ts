import { gunzip, inflate, type InputType, type ZlibOptions } from 'node:zlib';
import type { ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';
import { tooLarge } from './limits.ts';

const PREFIX_BYTES = 5;

type Decompress = (
  input: InputType,
  options: ZlibOptions,
  done: (error: NodeJS.ErrnoException | null, output: Buffer) => void,
) => void;

const DECOMPRESS: Readonly<Record<string, Decompress>> = { gzip: gunzip, deflate: inflate };

/**
 * Puts together the one message of a request: a flag, 4 bytes of length, and so many bytes
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 */
export class SingleMessage {
  readonly #maxBytes: number;
  readonly #encoding: string;
  readonly #accounts: { unpacked(bytes: number): void };
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #dueBytes: number | undefined;
  #message: Buffer | undefined;
  #failure: ServiceError | undefined;
  #waiting: ((message: Buffer | Promise<never>) => void) | undefined;

  /**
   * @param encoding the header `grpc-encoding`.
   * @param accounts told of the length of a message that came compressed.
   */
  constructor(maxBytes: number, encoding: string | undefined, accounts: { unpacked(bytes: number): void }) {
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
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#dueBytes === undefined && this.#bytes >= PREFIX_BYTES) this.#readPrefix();
    if (this.#dueBytes !== undefined && this.#bytes > this.#dueBytes) {
      this.#fail(rpcErrors.WRONG_MESSAGE_COUNT('the call brings more than one request'));
    }
  }

  end(): void {
    if (this.#bytes === 0) {
      this.#fail(rpcErrors.WRONG_MESSAGE_COUNT('the call brings no request'));
    } else if (this.#bytes !== this.#dueBytes) {
      this.#fail(rpcErrors.MALFORMED_MESSAGE('the request ends inside its message'));
    } else {
      const frame = this.#joined();
      const message = frame.subarray(PREFIX_BYTES);
      if (frame[0] === 0) this.#settle(message);
      else this.#decompress(message);
    }
  }

  #readPrefix(): void {
    const length = this.#joined().readUInt32BE(1);
    this.#dueBytes = PREFIX_BYTES + length;
    if (length > this.#maxBytes) this.#fail(tooLarge(length, this.#maxBytes));
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    return this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
  }

  #decompress(message: Buffer): void {
    const decompress = DECOMPRESS[this.#encoding];
    if (decompress === undefined) {
      this.#fail(rpcErrors.UNSUPPORTED_ENCODING(`messages cannot be compressed by "${this.#encoding}"`));
      return;
    }
    decompress(message, { maxOutputLength: this.#maxBytes }, (error, output) => {
      if (error === null) {
        this.#accounts.unpacked(output.length);
        this.#settle(output);
      } else if (error.code === 'ERR_BUFFER_TOO_LARGE')
        this.#fail(tooLarge(this.#maxBytes + 1, this.#maxBytes));
      else this.#fail(rpcErrors.MALFORMED_MESSAGE('the message cannot be decompressed', { cause: error }));
    });
  }

  #settle(message: Buffer): void {
    this.#message = message;
    this.#waiting?.(message);
  }

  /** The first failure counts. */
  #fail(failure: ServiceError): void {
    this.#failure ??= failure;
    this.#waiting?.(Promise.reject(this.#failure));
    this.#waiting = undefined;
  }
}
