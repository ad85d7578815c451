/** How much of a stream may be open at once: read, and its answer not yet sent. */
export interface OpenBounds {
  readonly maxRequests: number;
  /** Above it nothing is read; a single request may be larger. */
  readonly maxBytes: number;
}

/** An answer to be sent. */
export interface Ready {
  readonly answer: Buffer;
  readonly requestBytes: number;
}

/** What has been read and not been answered to the end: one reads into it, one takes out of it. */
export class OpenRequests {
  readonly #bounds: OpenBounds;
  readonly #ready: Ready[] = [];
  readonly #underWay = new Set<AbortController>();
  #requests = 0;
  #bytes = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #onChange: () => void = () => undefined;
  #onRoom: () => void = () => undefined;
  #draining: { readonly reason: unknown } | undefined;
  #isClosed = false;

  constructor(bounds: OpenBounds) {
    this.#bounds = bounds;
  }

  /** Whether no further request is to be begun. */
  get isOver(): boolean {
    return this.#isClosed || this.#draining !== undefined;
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

  /** Begins no further request, and fails when those that are open are answered and sent. */
  drain(reason: unknown): void {
    this.#draining = { reason };
    this.#onChange();
    this.#onRoom();
  }

  /** Cancels what is under way and fails, if nothing has failed before. */
  close(reason: unknown): void {
    this.#isClosed = true;
    this.fail(reason);
    this.#onRoom();
    for (const controller of this.#underWay) controller.abort(reason);
    this.#underWay.clear();
  }

  /** Resolves once another request may be read, or all is over. */
  async room(): Promise<void> {
    if (!this.#hasRoom && !this.isOver) await new Promise<void>((resolve) => (this.#onRoom = resolve));
  }

  /** The next answer; undefined after the last. */
  async next(): Promise<Ready | undefined> {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#ended && this.#requests === 0) return undefined;
      if (this.#draining !== undefined && this.#requests === 0) throw this.#draining.reason;
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
  }

  get #hasRoom(): boolean {
    return this.#requests < this.#bounds.maxRequests && this.#bytes < this.#bounds.maxBytes;
  }
}
