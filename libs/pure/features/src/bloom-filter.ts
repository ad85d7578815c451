/**
 * Which row keys a sealed partition may hold (B. Bloom, 1970; double hashing after Kirsch and Mitzenmacher, 2006): at
 * 32 bits a key and 22 probes, about one absent key in four million is taken for present, and none the other way round.
 */
const BITS_PER_KEY = 32;
const PROBES = 22;

export class BloomFilter {
  readonly bits: Uint8Array;

  constructor(bits: Uint8Array) {
    this.bits = bits;
  }

  static of(keys: readonly string[]): BloomFilter {
    const filter = new BloomFilter(new Uint8Array(Math.max(8, Math.ceil((keys.length * BITS_PER_KEY) / 8))));
    for (const key of keys) filter.#probe(key, (byte, mask) => ((filter.bits[byte]! |= mask), true));
    return filter;
  }

  /** False: certainly absent. */
  mayHold(key: string): boolean {
    return this.#probe(key, (byte, mask) => (this.bits[byte]! & mask) !== 0);
  }

  #probe(key: string, visit: (byte: number, mask: number) => boolean): boolean {
    const [first, second] = hashes(key);
    const size = this.bits.length * 8;
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = (first + probe * second) % size;
      if (!visit(bit >>> 3, 1 << (bit & 7))) return false;
    }
    return true;
  }
}

/** Two independent 32-bit hashes, the second odd: FNV-1a over UTF-16 units, finished as in MurmurHash3. */
function hashes(key: string): [number, number] {
  let first = 0x811c9dc5;
  let second = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x5bd1e995);
    second ^= second >>> 15;
  }
  return [finish(first) >>> 0, (finish(second) | 1) >>> 0];
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
