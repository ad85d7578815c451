/**
 * Which row keys a sealed partition may hold (B. Bloom, 1970; double hashing after Kirsch and Mitzenmacher, 2006): at
 * 32 bits a key and 22 probes, about one absent key in four million is taken for present, and none the other way round.
 */
const BITS_PER_KEY = 32;
const PROBES = 22;

/** Two independent 32-bit hashes of a key, the second odd: computed once for however many filters. */
export interface KeyHash {
  readonly first: number;
  readonly second: number;
}

export class BloomFilter {
  readonly bits: Uint8Array;

  constructor(bits: Uint8Array) {
    this.bits = bits;
  }

  static of(keys: readonly string[]): BloomFilter {
    const bits = new Uint8Array(Math.max(8, Math.ceil((keys.length * BITS_PER_KEY) / 8)));
    const size = bits.length * 8;
    for (const key of keys) {
      const { first, second } = hashKey(key);
      for (let probe = 0; probe < PROBES; probe++) {
        const bit = (first + probe * second) % size;
        bits[bit >>> 3]! |= 1 << (bit & 7);
      }
    }
    return new BloomFilter(bits);
  }

  /** False: certainly absent. */
  mayHold({ first, second }: KeyHash): boolean {
    const { bits } = this;
    const size = bits.length * 8;
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = (first + probe * second) % size;
      if ((bits[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }
}

/** FNV-1a over UTF-16 units, finished as in MurmurHash3. */
export function hashKey(key: string): KeyHash {
  let first = 0x811c9dc5;
  let second = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x5bd1e995);
    second ^= second >>> 15;
  }
  return { first: finish(first) >>> 0, second: (finish(second) | 1) >>> 0 };
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
