import { restErrors } from '../errors.ts';

/** A body as `Inference-Header-Content-Length` cuts it. */
export interface SplitBody {
  /** Undefined: the whole body is the elements of the only input. */
  readonly json: Buffer | undefined;
  readonly binary: Buffer;
}

export const HEADER_LENGTH = 'inference-header-content-length';

/**
 * Reads the header: bytes of JSON that lead the body, undefined where all of it is.
 * @throws ServiceError HEADER_INVALID
 */
export function headerLength(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (!/^\d{1,15}$/.test(header)) {
    throw restErrors.HEADER_INVALID('Inference-Header-Content-Length is no number of bytes');
  }
  return Number(header);
}

/** @throws ServiceError BINARY_DATA_INVALID, JSON_TOO_LARGE */
export function splitBody(body: Buffer, jsonBytes: number | undefined, maxJsonBytes: number): SplitBody {
  if (jsonBytes === 0) return { json: undefined, binary: body };
  const end = jsonBytes ?? body.length;
  if (end > body.length) {
    throw restErrors.BINARY_DATA_INVALID(
      `Inference-Header-Content-Length is ${end}, the body has ${body.length} bytes`,
    );
  }
  if (end > maxJsonBytes) {
    throw restErrors.JSON_TOO_LARGE(
      `the JSON has ${end} bytes; at most ${maxJsonBytes} are read: send tensors as binary data`,
    );
  }
  return { json: body.subarray(0, end), binary: body.subarray(end) };
}

/** Cuts the binary part into tensors, in their order. */
export class BinaryParts {
  readonly #binary: Buffer;
  #at = 0;

  constructor(binary: Buffer) {
    this.#binary = binary;
  }

  /** The next tensor's bytes, a view. @throws ServiceError BINARY_DATA_INVALID */
  take(sizeBytes: number, field: string): Buffer {
    const start = this.#at;
    const left = this.#binary.length - start;
    if (sizeBytes > left) {
      throw restErrors.BINARY_DATA_INVALID(
        `${field} has binary_data_size ${sizeBytes}; ${left} bytes are left of the body`,
      );
    }
    this.#at += sizeBytes;
    return this.#binary.subarray(start, this.#at);
  }

  /** @throws ServiceError BINARY_DATA_INVALID where bytes are left that are no tensor's */
  finish(): void {
    const left = this.#binary.length - this.#at;
    if (left === 0) return;
    throw restErrors.BINARY_DATA_INVALID(`the body has ${left} bytes that no binary_data_size speaks of`);
  }
}
