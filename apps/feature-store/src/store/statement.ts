import type { Queryable } from '@plumbline/sql';

/** A piece of SQL text, or a parameter with its type. */
type Piece = string | readonly [type: string, value: unknown];

/**
 * Writes of one transaction gathered into a single statement of data-modifying CTEs: one round trip instead of one per
 * table. Parts must touch different rows. Equal part names must mean equal texts: the statement is prepared by them.
 */
export class Statement {
  readonly #values: unknown[];
  readonly #parts: { readonly name: string; readonly text: string }[] = [];

  constructor(tenant: string) {
    this.#values = [tenant];
  }

  /** Adds a part; pieces join as they stand, neighbouring parameters by commas. $1 is the tenant. */
  add(part: string, pieces: readonly Piece[]): void {
    let text = '';
    pieces.forEach((piece, index) => {
      if (typeof piece === 'string') text += piece;
      else
        text += `${index > 0 && typeof pieces[index - 1] !== 'string' ? ', ' : ''}${this.#parameter(piece)}`;
    });
    this.#parts.push({ name: part, text });
  }

  async run(tx: Queryable): Promise<void> {
    const parts = this.#parts.map(({ name, text }) => `${name} AS (${text})`).join(',\n');
    const name = `write ${this.#parts.map((part) => part.name).join(' ')}`;
    await tx.query(`WITH ${parts} SELECT $1::text`, this.#values, { name });
  }

  #parameter([type, value]: readonly [string, unknown]): string {
    return `$${this.#values.push(value)}::${type}`;
  }
}
