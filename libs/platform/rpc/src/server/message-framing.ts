const PREFIX_BYTES = 5;

/**
 * Follows where the messages of a stream end, without keeping them: each is a flag, 4 bytes of length, and so many
 * bytes (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 */
export class MessageFraming {
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixBytes = 0;
  #remainingBytes = 0;

  /** Whether a message has begun that has not ended. */
  get isInMessage(): boolean {
    return this.#prefixBytes > 0;
  }

  /** Answers how many bytes of `chunk` belong to messages that end in it, one entry for each that ends. */
  write(chunk: Buffer): number[] {
    const ended: number[] = [];
    let start = 0;
    let position = 0;
    while (position < chunk.length) {
      position += this.#advance(chunk, position);
      if (this.#prefixBytes < PREFIX_BYTES || this.#remainingBytes > 0) continue;
      this.#prefixBytes = 0;
      ended.push(position - start);
      start = position;
    }
    return ended;
  }

  #advance(chunk: Buffer, position: number): number {
    if (this.#prefixBytes === PREFIX_BYTES) {
      const bytes = Math.min(this.#remainingBytes, chunk.length - position);
      this.#remainingBytes -= bytes;
      return bytes;
    }
    const bytes = chunk.copy(this.#prefix, this.#prefixBytes, position);
    this.#prefixBytes += bytes;
    if (this.#prefixBytes === PREFIX_BYTES) this.#remainingBytes = this.#prefix.readUInt32BE(1);
    return bytes;
  }
}
