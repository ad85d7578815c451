import { Metadata } from '@grpc/grpc-js';

export type MetadataValue = string | Buffer;

/** Metadata of a call. Names are lower case; where a name occurs several times the first value counts. */
export interface ReadonlyMetadata {
  /** The text value, or undefined when absent or binary. */
  get(name: string): string | undefined;
  /** The value of a `-bin` name. */
  getBinary(name: string): Buffer | undefined;
  entries(): Iterable<readonly [string, MetadataValue]>;
}

export interface MutableMetadata extends ReadonlyMetadata {
  /** Replaces the value. Names ending in `-bin` take bytes, all others printable ASCII. @throws TypeError otherwise */
  set(name: string, value: string | Uint8Array): void;
}

const LEGAL_NAME = /^[0-9a-z_.-]+$/;
const LEGAL_TEXT = /^[ -~]*$/;

/** Names that were found legal: code uses few, and checks of tens of thousands of trailers a second would show. */
const legalNames = new Set<string>();
const MAX_LEGAL_NAMES = 1_000;

/** Metadata of one's own: few entries, so that two lists are faster than a map, and none until the first `set`. */
export class MetadataMap implements MutableMetadata {
  #names: string[] | undefined;
  #values: MetadataValue[] = NO_VALUES;

  static from(record: Readonly<Record<string, string | Uint8Array>>): MetadataMap {
    const map = new MetadataMap();
    for (const [name, value] of Object.entries(record)) map.set(name, value);
    return map;
  }

  get(name: string): string | undefined {
    const value = this.#find(name);
    return typeof value === 'string' ? value : undefined;
  }

  getBinary(name: string): Buffer | undefined {
    const value = this.#find(name);
    return typeof value === 'string' ? undefined : value;
  }

  set(name: string, value: string | Uint8Array): void {
    checkName(name);
    if (
      typeof value === 'string' ? name.endsWith('-bin') || !LEGAL_TEXT.test(value) : !name.endsWith('-bin')
    ) {
      throw new TypeError(`metadata "${name}": names ending in -bin take bytes, all others printable ASCII`);
    }
    const kept = typeof value === 'string' ? value : asBuffer(value);
    if (this.#names === undefined) {
      // An empty list would make room for 17 by its first push.
      this.#names = [name];
      this.#values = [kept];
      return;
    }
    const at = this.#names.indexOf(name);
    this.#values[at < 0 ? this.#names.push(name) - 1 : at] = kept;
  }

  *entries(): Generator<readonly [string, MetadataValue]> {
    for (const [index, name] of (this.#names ?? []).entries()) yield [name, this.#values[index] ?? ''];
  }

  /** As `entries`, without an object for each. */
  forEach(callback: (name: string, value: MetadataValue) => void): void {
    const names = this.#names;
    if (names === undefined) return;
    for (let index = 0; index < names.length; index++)
      callback(names[index] ?? '', this.#values[index] ?? '');
  }

  get isEmpty(): boolean {
    return this.#names === undefined;
  }

  get size(): number {
    return this.#names?.length ?? 0;
  }

  #find(name: string): MetadataValue | undefined {
    return this.#names === undefined ? undefined : this.#values[this.#names.indexOf(name)];
  }
}

const NO_VALUES: MetadataValue[] = [];

/** Not to be set. */
export const NO_METADATA = new MetadataMap();

/** @throws TypeError */
function checkName(name: string): void {
  if (legalNames.has(name)) return;
  if (!LEGAL_NAME.test(name)) throw new TypeError(`metadata name "${name}" is not legal`);
  if (legalNames.size < MAX_LEGAL_NAMES) legalNames.add(name);
}

/** A call's metadata as grpc-js received it. */
export class GrpcMetadataView implements ReadonlyMetadata {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  get(name: string): string | undefined {
    const value = this.#metadata.get(name)[0];
    return typeof value === 'string' ? value : undefined;
  }

  getBinary(name: string): Buffer | undefined {
    const value = this.#metadata.get(name)[0];
    return typeof value === 'string' ? undefined : value;
  }

  entries(): Iterable<readonly [string, MetadataValue]> {
    return Object.entries(this.#metadata.getMap());
  }
}

export function toGrpcMetadata(...sources: readonly ReadonlyMetadata[]): Metadata {
  const metadata = new Metadata();
  for (const source of sources) {
    for (const [name, value] of source.entries()) metadata.set(name, value);
  }
  return metadata;
}

/** The same bytes as a Buffer, without a copy: what protobuf-es makes, as grpc-js and Node's streams want it. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
