/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

export interface StoredObject {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Immutable bytes by the SHA-256 of their content. Every read verifies: OBJECT_NOT_FOUND when nothing is stored,
 * OBJECT_CORRUPT when the bytes do not match. All methods raise OBJECT_STORE_UNAVAILABLE when storage fails.
 */
export interface ObjectStore {
  /** Durable when it resolves. Putting the same content again changes nothing and mends a corrupt copy. */
  put(content: Content): Promise<StoredObject>;
  get(digest: string): Promise<Buffer>;
  /** The content in chunks. A mismatch is only known, and thrown, after the last one. */
  open(digest: string): AsyncIterable<Buffer>;
  has(digest: string): Promise<boolean>;
  /** A local file with the verified content, to be read and not changed: for engines that read files themselves. */
  path(digest: string): Promise<string>;
  /** Forgets the object, for erasure and garbage collection. Succeeds when there is none. */
  remove(digest: string): Promise<void>;
}
