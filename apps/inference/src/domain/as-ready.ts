import { errors } from './errors.ts';

/** How much of a stream may be open at once: read, and its answer not yet sent. */
export interface OpenBounds {
  readonly maxRequests: number;
  /** Above it nothing is read; a single request may be larger. */
  readonly maxBytes: number;
}

/** @param signal of this request alone, so that what is attached to it goes with it; fires when its stream is over. */
export type AnswerOne = (request: Buffer, signal: AbortSignal) => Promise<Buffer>;

/**
 * Answers the requests of a stream as they come, many at a time, and yields the answers in the order in which they are
 * ready. Within the bounds: beyond them requests are not read, so that the client is held back, be it that answers take
 * long or that the client does not read them.
 *
 * Ends when the requests have ended and all are answered. Throws what `answer` or the requests throw, after the answers
 * that are ready by then, or the signal's reason; then the requests under way are cancelled and no further is begun.
 */
export async function* asReady(
  requests: AsyncIterable<Buffer>,
  answer: AnswerOne,
  bounds: OpenBounds,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const open = new OpenRequests(bounds);
  const abort = () => open.close(signal.reason);
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
    open.close(errors.REQUEST_CANCELLED('the stream is over'));
  }
}

async function readInto(
  open: OpenRequests,
  requests: AsyncIterable<Buffer>,
  answer: AnswerOne,
): Promise<void> {
  try {
    for await (const request of requests) {
      if (open.isClosed) return;
      const { length: requestBytes } = request;
      const controller = open.begin(requestBytes);
      answer(request, controller.signal)
        .then(
          (bytes) => open.put({ answer: bytes, requestBytes }),
          (error: unknown) => open.fail(error),
        )
        .finally(() => open.finish(controller));
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
  readonly #underWay = new Set<AbortController>();
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

  begin(requestBytes: number): AbortController {
    this.#requests++;
    this.#bytes += requestBytes;
    const controller = new AbortController();
    this.#underWay.add(controller);
    return controller;
  }

  finish(controller: AbortController): void {
    this.#underWay.delete(controller);
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

  /** Cancels what is under way and fails, if nothing has failed before. */
  close(reason: unknown): void {
    this.isClosed = true;
    this.fail(reason);
    this.#onRoom();
    for (const controller of this.#underWay) controller.abort(reason);
    this.#underWay.clear();
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
