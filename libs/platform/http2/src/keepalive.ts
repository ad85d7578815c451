import type { FrameWriter } from './frames/frame-writer.ts';

const PAYLOAD = Buffer.from('plumbpin', 'latin1');

/** Asks a client time and again whether it is there. */
export class Keepalive {
  readonly #timeoutMs: number;
  readonly #writer: FrameWriter;
  readonly #lost: () => void;
  readonly #interval: NodeJS.Timeout;
  #timeout: NodeJS.Timeout | undefined;

  /** @param lost called when an answer takes too long */
  constructor(
    { intervalMs, timeoutMs }: { readonly intervalMs: number; readonly timeoutMs: number },
    writer: FrameWriter,
    lost: () => void,
  ) {
    this.#timeoutMs = timeoutMs;
    this.#writer = writer;
    this.#lost = lost;
    this.#interval = setInterval(() => {
      this.#ask();
    }, intervalMs).unref();
  }

  answered(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  stop(): void {
    this.answered();
    clearInterval(this.#interval);
  }

  #ask(): void {
    if (this.#timeout !== undefined) return;
    this.#writer.ping(PAYLOAD, false);
    this.#timeout = setTimeout(this.#lost, this.#timeoutMs).unref();
  }
}
