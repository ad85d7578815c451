import { STATIC_TABLE } from './static-table.ts';

/** What a field costs in a table besides its octets (RFC 7541, section 4.1). */
const FIELD_BYTES = 32;

/**
 * The table that a peer's header blocks build up, with the static one before it (RFC 7541, section 2.3). Its names and
 * values are plain strings which all header blocks that point at them share.
 */
export class DynamicTable {
  /** Oldest first, flat: name, value, name, value. */
  #fields: string[] = [];
  /** How many of the oldest have been evicted, and still stand in `#fields`. */
  #evicted = 0;
  #sizeBytes = 0;
  #limitBytes: number;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** How many fields there are, static ones included: the highest index. */
  get length(): number {
    return STATIC_TABLE.length + this.#fields.length / 2 - this.#evicted;
  }

  /** @param index from 1 to `length` */
  name(index: number): string {
    return this.#at(index, 0);
  }

  value(index: number): string {
    return this.#at(index, 1);
  }

  /** A field larger than the table empties it (RFC 7541, section 4.4). */
  add(name: string, value: string): void {
    const bytes = name.length + value.length + FIELD_BYTES;
    this.#shrinkTo(this.#limitBytes - bytes);
    if (bytes > this.#limitBytes) return;
    this.#fields.push(name, value);
    this.#sizeBytes += bytes;
  }

  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#shrinkTo(limitBytes);
  }

  #at(index: number, part: 0 | 1): string {
    const field = STATIC_TABLE[index - 1];
    if (field !== undefined) return field[part];
    return this.#fields[this.#fields.length - 2 * (index - STATIC_TABLE.length) + part] ?? '';
  }

  #shrinkTo(bytes: number): void {
    const fields = this.#fields;
    while (this.#sizeBytes > bytes && 2 * this.#evicted < fields.length) {
      const oldest = 2 * this.#evicted++;
      this.#sizeBytes -= (fields[oldest] ?? '').length + (fields[oldest + 1] ?? '').length + FIELD_BYTES;
    }
    if (this.#evicted > 64 && 4 * this.#evicted > fields.length) {
      this.#fields = fields.slice(2 * this.#evicted);
      this.#evicted = 0;
    }
  }
}
