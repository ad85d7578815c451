import { ServiceError } from '@plumbline/errors';
import { LeastRecentlyUsed } from './least-recently-used.ts';
import type { BatchOutput } from '../runners/runner.ts';

/** An answer to remember. */
export interface CachedAnswer {
  /** By index in the signature, in memory of their own. */
  readonly outputs: ReadonlyMap<number, BatchOutput>;
  /** Rows of the batch that gave it. */
  readonly batchRows: number;
}

/** Who asks, and for what. */
export interface Lookup {
  /** As responseKey makes it. */
  readonly key: string;
  /** Of the version. */
  readonly digest: string;
  /** Rejects the wait for an equal request with its reason. */
  readonly signal: AbortSignal | undefined;
}

interface Remembered {
  readonly digest: string;
  readonly answer: CachedAnswer;
}

interface Flight {
  readonly digest: string;
  readonly answer: Promise<CachedAnswer>;
  /** Whether the version has gone since. */
  stale: boolean;
}

/** What an entry and each of its outputs take besides the elements, about: keys, shapes, records of maps. */
const ENTRY_BYTES = 512;
const OUTPUT_BYTES = 256;

/**
 * Failures that come from how long one caller waits, or from the moment: the next may fare better. All others come from
 * what is asked and would only be repeated, at a runner's cost each where it hangs.
 */
const OF_THE_MOMENT = new Set([
  'REQUEST_CANCELLED',
  'DEADLINE_UNREACHABLE',
  'DEADLINE_EXPIRED',
  'QUEUE_TIMEOUT',
  'QUEUE_FULL',
  'RUNNER_LOST',
]);

/**
 * Answers by the key of their requests, of all versions that ask for it, in bounded memory. Of equal requests at one
 * time the first runs and the others wait for it.
 */
export class ResponseCache {
  readonly #remembered: LeastRecentlyUsed<Remembered>;
  readonly #flights = new Map<string, Flight>();

  /** @param maxBytes of remembered answers; with 0 equal requests still share a run. */
  constructor(maxBytes: number) {
    this.#remembered = new LeastRecentlyUsed(maxBytes);
  }

  get bytes(): number {
    return this.#remembered.bytes;
  }

  get entries(): number {
    return this.#remembered.size;
  }

  /**
   * The remembered answer, that of an equal request under way, or else that of `run`, which is remembered unless the
   * version goes meanwhile. A failure of the request under way that follows from what both ask is shared; after any
   * other, such as its caller's going away, one of those that wait runs in its place. No failure is remembered.
   */
  async answer({ key, digest, signal }: Lookup, run: () => Promise<CachedAnswer>): Promise<CachedAnswer> {
    for (;;) {
      const known = this.#remembered.get(key);
      if (known !== undefined) return known.answer;
      const flight = this.#flights.get(key);
      if (flight === undefined) return this.#run(key, digest, run);
      try {
        return await unlessAborted(flight.answer, signal);
      } catch (error) {
        if (signal?.aborted === true || !isOfTheMoment(error)) throw error;
      }
    }
  }

  /** Drops all of a version that has gone; what is under way is answered, but not remembered. */
  forget(digest: string): void {
    this.#remembered.deleteWhere((entry) => entry.digest === digest);
    for (const flight of this.#flights.values()) if (flight.digest === digest) flight.stale = true;
  }

  async #run(key: string, digest: string, run: () => Promise<CachedAnswer>): Promise<CachedAnswer> {
    const flight: Flight = { digest, answer: run(), stale: false };
    this.#flights.set(key, flight);
    try {
      const answer = await flight.answer;
      if (!flight.stale) this.#remembered.set(key, { digest, answer }, sizeOf(answer));
      return answer;
    } finally {
      this.#flights.delete(key);
    }
  }
}

function sizeOf({ outputs }: CachedAnswer): number {
  let bytes = ENTRY_BYTES;
  for (const { raw } of outputs.values()) bytes += OUTPUT_BYTES + raw.length;
  return bytes;
}

function isOfTheMoment(error: unknown): boolean {
  return error instanceof ServiceError && OF_THE_MOMENT.has(error.reason);
}

/** Follows the promise unless the signal fires before: then rejects with its reason. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
