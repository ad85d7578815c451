import type { FieldReader } from '@plumbline/wire';
import type { MetadataValue, ReadonlyMetadata } from '../context/metadata.ts';

/** Where the text or the bytes lie in the message: [start, end). */
interface Entry {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * Metadata where it lies in a received message, read when somebody asks: few callers look at the trailers of an answer,
 * and making text of them took an eighth of a client's time. Keeps the message alive.
 */
export class ReceivedMetadata implements ReadonlyMetadata {
  readonly #message: Buffer;
  readonly #entries: Entry[] = [];

  constructor(message: Buffer) {
    this.#message = message;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** @param reader of a plumbline.common.v1.MetadataEntry within the message @throws WireError */
  add(reader: FieldReader): void {
    let [nameStart, nameEnd, valueStart, valueEnd] = [0, 0, 0, 0];
    while (reader.next()) {
      if (reader.field === 1) {
        nameStart = reader.message().position;
        nameEnd = reader.position;
      } else if (reader.field === 2) {
        valueStart = reader.message().position;
        valueEnd = reader.position;
      } else {
        reader.skip();
      }
    }
    this.#entries.push({ nameStart, nameEnd, valueStart, valueEnd });
  }

  get(name: string): string | undefined {
    const value = this.#find(name);
    return typeof value === 'string' ? value : undefined;
  }

  getBinary(name: string): Buffer | undefined {
    const value = this.#find(name);
    return typeof value === 'string' ? undefined : value;
  }

  *entries(): Generator<readonly [string, MetadataValue]> {
    for (const entry of this.#entries) {
      const name = this.#nameOf(entry);
      yield [name, this.#valueOf(name, entry)];
    }
  }

  #find(name: string): MetadataValue | undefined {
    const found = this.#entries.find((entry) => this.#nameOf(entry) === name);
    return found === undefined ? undefined : this.#valueOf(name, found);
  }

  #nameOf({ nameStart, nameEnd }: Entry): string {
    return this.#message.toString('latin1', nameStart, nameEnd);
  }

  #valueOf(name: string, { valueStart, valueEnd }: Entry): MetadataValue {
    return name.endsWith('-bin')
      ? this.#message.subarray(valueStart, valueEnd)
      : this.#message.toString('latin1', valueStart, valueEnd);
  }
}
