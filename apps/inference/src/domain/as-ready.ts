/** How much of a stream may be open at once: read, and its answer not yet sent. */
export interface OpenBounds {
  readonly maxRequests: number;
  /** Above it nothing is read; a single request may be larger. */
  readonly maxBytes: number;
}

/**
 * Answers the requests of a stream as they come, many at a time, and yields the answers in the order in which they are
 * ready. Within the bounds: beyond them requests are not read, so that the client is held back, be it that answers take
 * long or that the client does not read them.
 *
 * Ends when the requests have ended and all are answered. Throws what `answer` or the requests throw, after the answers
 * that are ready by then, or the signal's reason; then no further request is begun.
 */
export async function* asReady(
  requests: AsyncIterable<Buffer>,
  answer: (request: Buffer) => Promise<Buffer>,
  bounds: OpenBounds,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const open = new OpenRequests(bounds);
  const abort = () => open.fail(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  void readInto(open, requests, answer);
  try {
    for (let ready = await open.next(); ready !== undefined; ready = await open.next()) {
      yield ready.answer;
      open.sent(ready);
    }
  } finally {
    signal.removeEventListener('abort', abort);
    open.close();
  }
}

async function readInto(
  open: OpenRequests,
  requests: AsyncIterable<Buffer>,
  answer: (request: Buffer) => Promise<Buffer>,
): Promise<void> {
  try {
    for await (const request of requests) {
      if (open.isClosed) return;
      const { length: requestBytes } = request;
      open.began(requestBytes);
      answer(request).then(
        (bytes) => open.put({ answer: bytes, requestBytes }),
        (error: unknown) => open.fail(error),
      );
      await open.room();
    }
    open.end();
  } catch (error) {
    open.fail(error);
  }
}

interface Ready {
  readonly answer: Buffer;
  readonly requestBytes: number;
}

/** What has been read and not been answered to the end: one reads into it, one takes out of it. */
class OpenRequests {
  readonly #bounds: OpenBounds;
  readonly #ready: Ready[] = [];
  #requests = 0;
  #bytes = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #onChange: () => void = () => undefined;
  #onRoom: () => void = () => undefined;
  isClosed = false;

  constructor(bounds: OpenBounds) {
    this.#bounds = bounds;
  }

  began(requestBytes: number): void {
    this.#requests++;
    this.#bytes += requestBytes;
  }

  put(ready: Ready): void {
    this.#ready.push(ready);
    this.#onChange();
  }

  sent({ requestBytes }: Ready): void {
    this.#requests--;
    this.#bytes -= requestBytes;
    if (this.#hasRoom) this.#onRoom();
  }

  end(): void {
    this.#ended = true;
    this.#onChange();
  }

  /** The first failure counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#onChange();
  }

  close(): void {
    this.isClosed = true;
    this.#onRoom();
  }

  /** Resolves once another request may be read, or all is over. */
  async room(): Promise<void> {
    if (!this.#hasRoom && !this.isClosed) await new Promise<void>((resolve) => (this.#onRoom = resolve));
  }

  /** The next answer; undefined after the last. */
  async next(): Promise<Ready | undefined> {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#ended && this.#requests === 0) return undefined;
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
  }

  get #hasRoom(): boolean {
    return this.#requests < this.#bounds.maxRequests && this.#bytes < this.#bounds.maxBytes;
  }
}
