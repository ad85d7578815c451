import { createHash } from 'node:crypto';
import type { ExistingRecord } from './record.ts';

interface Remembered extends ExistingRecord {
  readonly answer: Uint8Array;
  readonly expiresAtUs: bigint;
}

const KEPT_US = 600_000_000n;
/** What an entry takes besides its answer: key, digest, instant and their place in the map. */
const OVERHEAD_BYTES = 512;

/**
 * The answers of the last ten minutes on routes whose records are spooled, so that a retried prediction id gets the
 * recorded answer although audit has not seen it yet. Bounded by bytes: the oldest go first. Mandatory routes need
 * none of it, for them audit itself answers.
 */
export class RecentAnswers {
  readonly #byId = new Map<string, Remembered>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What the id was answered with before; otherwise undefined, and the given answer is remembered for it. */
  claim(
    tenant: string,
    id: string,
    request: Uint8Array,
    answer: Uint8Array,
    nowUs: bigint,
  ): ExistingRecord | undefined {
    const key = `${tenant}\0${id}`;
    const known = this.#byId.get(key);
    if (known !== undefined && known.expiresAtUs > nowUs) return known;
    this.forget(tenant, id);
    const requestSha256 = createHash('sha256').update(request).digest('hex');
    // A copy: the answer may be a view of a message that many answers came in.
    const kept = new Uint8Array(answer);
    this.#byId.set(key, { requestSha256, answer: kept, expiresAtUs: nowUs + KEPT_US });
    this.#bytes += sizeOf(kept);
    this.#evict(nowUs);
    return undefined;
  }

  /** Undoes a claim whose record could not be kept. */
  forget(tenant: string, id: string): void {
    const key = `${tenant}\0${id}`;
    const known = this.#byId.get(key);
    if (known !== undefined) this.#drop(key, known.answer);
  }

  #evict(nowUs: bigint): void {
    for (const [key, { answer, expiresAtUs }] of this.#byId) {
      if (expiresAtUs > nowUs && this.#bytes <= this.#maxBytes) return;
      this.#drop(key, answer);
    }
  }

  #drop(key: string, answer: Uint8Array): void {
    this.#byId.delete(key);
    this.#bytes -= sizeOf(answer);
  }
}

const sizeOf = (answer: Uint8Array): number => OVERHEAD_BYTES + answer.length;
