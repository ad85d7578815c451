import { restErrors } from '../errors.ts';

/** JSON text as it grows, bounded. */
export class JsonParts {
  readonly buffers: Buffer[] = [];
  readonly #maxBytes: number;
  #pending = '';
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(text: string): void {
    this.#pending += text;
    if (this.#pending.length > FLUSH_LENGTH) this.flush();
  }

  /** Turns what has been added into bytes. @throws ServiceError ANSWER_TOO_LARGE */
  flush(): void {
    const buffer = Buffer.from(this.#pending);
    this.#pending = '';
    this.#bytes += buffer.length;
    if (this.#bytes > this.#maxBytes) {
      throw restErrors.ANSWER_TOO_LARGE(
        `the outputs take more than ${this.#maxBytes} bytes as JSON: ask for them as binary data`,
      );
    }
    this.buffers.push(buffer);
  }
}

/** Characters. Short texts are joined before they become bytes. */
const FLUSH_LENGTH = 65_536;
