import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asReady, type AnswerOne } from './as-ready.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));
const WIDE = { maxRequests: 100, maxBytes: 1_000_000 };

interface Begun {
  readonly text: string;
  readonly end: PromiseWithResolvers<Buffer>;
  readonly signal: AbortSignal;
}

/** A stream whose requests the test sends, answers and reads. */
class Stage {
  readonly begun: Begun[] = [];
  readonly controller = new AbortController();
  readonly draining = new AbortController();
  readonly #requests: Buffer[] = [];
  #ended = false;
  #arrived: () => void = () => undefined;
  pulled = 0;
  readonly stream: AsyncGenerator<Buffer>;

  constructor(bounds = WIDE) {
    const answer: AnswerOne = (request, signal) => this.#answer(request, signal);
    const { controller, draining } = this;
    this.stream = asReady(this.#source(), answer, {
      bounds,
      signal: controller.signal,
      draining: draining.signal,
    });
  }

  send(...texts: string[]): void {
    this.#requests.push(...texts.map((text) => Buffer.from(text)));
    this.#arrived();
  }

  halfClose(): void {
    this.#ended = true;
    this.#arrived();
  }

  async read(): Promise<string | undefined> {
    const result = await this.stream.next();
    return result.done === true ? undefined : String(result.value);
  }

  finish(text: string, how?: Error): void {
    const run = this.begun.find((candidate) => candidate.text === text);
    if (how === undefined) run?.end.resolve(Buffer.from(text));
    else run?.end.reject(how);
  }

  get texts(): string[] {
    return this.begun.map(({ text }) => text);
  }

  #answer(request: Buffer, signal: AbortSignal): Promise<Buffer> {
    const end = Promise.withResolvers<Buffer>();
    this.begun.push({ text: String(request), end, signal });
    return end.promise;
  }

  async *#source(): AsyncGenerator<Buffer> {
    for (;;) {
      const request = this.#requests.shift();
      if (request !== undefined) {
        this.pulled++;
        yield request;
      } else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#arrived = resolve));
    }
  }
}

describe('asReady', () => {
  it('begins requests as they come and gives answers as they are ready', async () => {
    const stage = new Stage();
    const first = stage.read();
    stage.send('a', 'b', 'c');
    await settled();
    expect(stage.texts).toEqual(['a', 'b', 'c']);
    stage.finish('b');
    expect(await first).toBe('b');
    stage.finish('c');
    stage.finish('a');
    expect([await stage.read(), await stage.read()]).toEqual(['c', 'a']);
  });

  it('ends after the half-close when all are answered', async () => {
    const stage = new Stage();
    const first = stage.read();
    stage.send('a', 'b');
    stage.halfClose();
    await settled();
    stage.finish('b');
    expect(await first).toBe('b');
    const second = stage.read();
    stage.finish('a');
    expect(await second).toBe('a');
    expect(await stage.read()).toBeUndefined();
  });

  it('reads no further request while its bound of requests is open, answered or not, until an answer is sent', async () => {
    const stage = new Stage({ maxRequests: 2, maxBytes: 1_000 });
    const first = stage.read();
    stage.send('a', 'b', 'c');
    await settled();
    expect(stage.texts).toEqual(['a', 'b']);
    stage.finish('a');
    expect(await first).toBe('a');
    await settled();
    expect(stage.texts).toEqual(['a', 'b']);
    void stage.read();
    await settled();
    expect(stage.texts).toEqual(['a', 'b', 'c']);
  });

  it('reads no further request while too many bytes are open, and takes one that is larger than the bound', async () => {
    const stage = new Stage({ maxRequests: 100, maxBytes: 4 });
    const first = stage.read();
    stage.send('abcdefgh', 'i');
    await settled();
    expect(stage.texts).toEqual(['abcdefgh']);
    stage.finish('abcdefgh');
    expect(await first).toBe('abcdefgh');
    void stage.read();
    await settled();
    expect(stage.texts).toEqual(['abcdefgh', 'i']);
  });

  it('cancels what is under way, and only that, when it fails', async () => {
    const stage = new Stage();
    const first = stage.read();
    stage.send('a', 'b', 'c');
    await settled();
    stage.finish('a');
    expect(await first).toBe('a');
    stage.finish('b', new Error('b is impossible'));
    await expect(stage.read()).rejects.toThrow('b is impossible');
    expect(stage.begun.map(({ signal }) => signal.aborted)).toEqual([false, false, true]);
  });

  it('throws a failure after the answers that were ready, and begins nothing more', async () => {
    const stage = new Stage();
    const first = stage.read();
    stage.send('a', 'b', 'c');
    await settled();
    stage.finish('c');
    stage.finish('a', new Error('a is impossible'));
    await settled();
    expect(await first).toBe('c');
    await expect(stage.read()).rejects.toThrow('a is impossible');
    stage.send('d');
    await settled();
    expect(stage.texts).toEqual(['a', 'b', 'c']);
  });

  it('throws what the requests throw', async () => {
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('a');
      throw new Error('the message is too large');
    };
    const { signal } = new AbortController();
    const never = () => new Promise<Buffer>(() => undefined);
    const stream = asReady(broken(), never, { bounds: WIDE, signal, draining: signal });
    await expect(stream.next()).rejects.toThrow('the message is too large');
  });

  it.each(['before', 'after'])('throws the reason of a signal that fires %s it begins', async (when) => {
    const stage = new Stage();
    if (when === 'before') stage.controller.abort(new Error('the client went away'));
    const first = stage.read();
    stage.controller.abort(new Error('the client went away'));
    await expect(first).rejects.toThrow('the client went away');
    expect(stage.texts).toEqual([]);
  });

  it('answers what is open, begins nothing more and throws the reason when it is to drain', async () => {
    const stage = new Stage();
    const first = stage.read();
    stage.send('a', 'b');
    await settled();
    stage.draining.abort(new Error('the server is shutting down'));
    stage.send('c');
    stage.finish('b');
    expect(await first).toBe('b');
    const second = stage.read();
    stage.finish('a');
    expect(await second).toBe('a');
    await expect(stage.read()).rejects.toThrow('the server is shutting down');
    expect(stage.texts).toEqual(['a', 'b']);
  });

  it.each(['before', 'after'])(
    'throws at once when it is to drain %s it begins, with nothing open',
    async (when) => {
      const stage = new Stage();
      if (when === 'before') stage.draining.abort(new Error('the server is shutting down'));
      const first = stage.read();
      stage.draining.abort(new Error('the server is shutting down'));
      await expect(first).rejects.toThrow('the server is shutting down');
    },
  );

  it('lets go of the requests when nobody reads the answers any more', async () => {
    const stage = new Stage({ maxRequests: 1, maxBytes: 10 });
    const first = stage.read();
    stage.send('a', 'b');
    await settled();
    stage.finish('a');
    await first;
    await stage.stream.return(undefined);
    await settled();
    expect(stage.texts).toEqual(['a']);
  });

  it('answers every request exactly once in the order of their ends, whatever that is', async () => {
    const order = fc.integer({ min: 1, max: 12 }).chain((count) =>
      fc.shuffledSubarray(
        Array.from({ length: count }, (_, index) => `request ${index}`),
        { minLength: count, maxLength: count },
      ),
    );
    await fc.assert(
      fc.asyncProperty(order, fc.integer({ min: 1, max: 4 }), async (ends, maxRequests) => {
        const stage = new Stage({ maxRequests, maxBytes: 1_000 });
        const answers = (async () => {
          const read: string[] = [];
          for await (const answer of stage.stream) read.push(String(answer));
          return read;
        })();
        stage.send(...[...ends].sort());
        stage.halfClose();
        const expected: string[] = [];
        while (expected.length < ends.length) {
          await settled();
          const open = stage.texts.filter((text) => !expected.includes(text));
          expect(open.length).toBeLessThanOrEqual(maxRequests);
          const [next = ''] = ends.filter((text) => open.includes(text));
          expected.push(next);
          stage.finish(next);
        }
        expect(await answers).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });
});
