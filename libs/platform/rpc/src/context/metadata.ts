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

/** Metadata held in a map of its own; the map is made on the first `set`. */
export class MetadataMap implements MutableMetadata {
  #values: Map<string, MetadataValue> | undefined;

  static from(record: Readonly<Record<string, string | Uint8Array>>): MetadataMap {
    const map = new MetadataMap();
    for (const [name, value] of Object.entries(record)) map.set(name, value);
    return map;
  }

  get(name: string): string | undefined {
    const value = this.#values?.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  getBinary(name: string): Buffer | undefined {
    const value = this.#values?.get(name);
    return typeof value === 'string' ? undefined : value;
  }

  set(name: string, value: string | Uint8Array): void {
    if (!LEGAL_NAME.test(name)) throw new TypeError(`metadata name "${name}" is not legal`);
    if (
      typeof value === 'string' ? name.endsWith('-bin') || !LEGAL_TEXT.test(value) : !name.endsWith('-bin')
    ) {
      throw new TypeError(`metadata "${name}": names ending in -bin take bytes, all others printable ASCII`);
    }
    this.#values ??= new Map();
    this.#values.set(name, typeof value === 'string' ? value : asBuffer(value));
  }

  entries(): Iterable<readonly [string, MetadataValue]> {
    return this.#values ?? [];
  }

  get isEmpty(): boolean {
    return this.#values === undefined;
  }

  get size(): number {
    return this.#values?.size ?? 0;
  }
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
