/**
 * Which row keys a sealed partition may hold (B. Bloom, 1970; double hashing after Kirsch and Mitzenmacher, 2006): at
 * 16 bits a key and 11 probes, one key in 2,200 that is absent is taken for present, and none the other way round.
 */
const BITS_PER_KEY = 16;
const PROBES = 11;

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

/** Two 32-bit hashes of the key, the second odd: FNV-1a over UTF-16 units, finished as in MurmurHash3. */
function hashes(key: string): [number, number] {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return [finish(hash), finish(hash ^ 0x9e3779b9) | 1].map((part) => part >>> 0) as [number, number];
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
