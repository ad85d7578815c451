import type { BloomFilter } from '@plumbline/features';

/** The filter of one sealed partition, which the number of its commit identifies. */
export interface PartitionFilter {
  readonly commit: bigint;
  readonly objectDigest: string;
  readonly filter: BloomFilter;
}

interface SourceFilters {
  readonly filters: readonly PartitionFilter[];
  readonly sizeBytes: number;
}

/**
 * Filters by source, at most so many bytes of them: what a commit brings in drives out those of the sources that were
 * used least recently. Of a source larger than the cache as many filters stay as fit.
 */
export class FilterCache {
  readonly #maxBytes: number;
  /** Least recently used first. */
  readonly #sources = new Map<string, SourceFilters>();
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The filters that are kept of a source, which counts as used. */
  of(tenant: string, source: string): readonly PartitionFilter[] {
    const id = idOf(tenant, source);
    const kept = this.#remove(id);
    this.#keep(id, kept);
    return kept;
  }

  /** Keeps filters of a source as far as they fit beside those that it has. */
  add(tenant: string, source: string, filters: readonly PartitionFilter[]): void {
    const id = idOf(tenant, source);
    const kept = [...this.#remove(id)];
    const known = new Set(kept.map(({ commit }) => commit));
    let sizeBytes = sizeOf(kept);
    for (const entry of filters) {
      if (known.has(entry.commit) || sizeBytes + sizeOf([entry]) > this.#maxBytes) continue;
      sizeBytes += sizeOf([entry]);
      kept.push(entry);
    }
    this.#evictDownTo(this.#maxBytes - sizeBytes);
    this.#keep(id, kept);
  }

  #evictDownTo(sizeBytes: number): void {
    for (const id of this.#sources.keys()) {
      if (this.#sizeBytes <= sizeBytes) return;
      this.#remove(id);
    }
  }

  #remove(id: string): readonly PartitionFilter[] {
    const found = this.#sources.get(id);
    if (found === undefined) return [];
    this.#sources.delete(id);
    this.#sizeBytes -= found.sizeBytes;
    return found.filters;
  }

  #keep(id: string, filters: readonly PartitionFilter[]): void {
    if (filters.length === 0) return;
    const sizeBytes = sizeOf(filters);
    this.#sources.set(id, { filters, sizeBytes });
    this.#sizeBytes += sizeBytes;
  }
}

const idOf = (tenant: string, source: string): string => JSON.stringify([tenant, source]);

function sizeOf(filters: readonly PartitionFilter[]): number {
  return filters.reduce((sum, { filter }) => sum + filter.bits.byteLength, 0);
}
