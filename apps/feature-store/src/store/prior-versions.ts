import { BloomFilter, decodeRow } from '@plumbline/features';
import type { Queryable } from '@plumbline/sql';
import type { SourcePlan } from '../domain/catalogue.ts';
import type { StoredVersion } from '../domain/row-store.ts';

/** Finds sealed versions of row keys inside a Parquet object; only asked for keys that a filter lets through. */
export type FindSealed = (
  objectDigest: string,
  source: SourcePlan,
  rowKeys: readonly string[],
) => Promise<ReadonlyMap<string, StoredVersion[]>>;

interface FilterEntry {
  readonly commit: bigint;
  readonly objectDigest: string;
  readonly filter: BloomFilter;
}

/** Lateral and limited, so that every plan looks keys up one by one, also one made when the table was empty. */
const LIVE_VERSIONS = `
SELECT k.row_key, h.sequence, h.event_us, h.known_us, h.body
FROM unnest($3::text[]) AS k (row_key)
CROSS JOIN LATERAL (
  SELECT sequence, event_us, known_us, body FROM history
  WHERE tenant = $1 AND source = $2 AND row_key = k.row_key ORDER BY sequence LIMIT 10000
) h`;

const NEW_FILTERS = `
SELECT commit_number, object_digest, row_key_filter FROM sealed_partition
WHERE tenant = $1 AND source = $2 AND object_digest IS NOT NULL AND commit_number <> ALL ($3::bigint[])`;

/**
 * Looks row keys up in everything stored before: live history by its index, sealed partitions by their filters, which
 * are cached here. Sealed objects themselves are opened only for keys that a filter cannot rule out.
 */
export class PriorVersions {
  readonly #findSealed: FindSealed;
  readonly #filters = new Map<string, readonly FilterEntry[]>();

  constructor(findSealed: FindSealed) {
    this.#findSealed = findSealed;
  }

  async find(
    tx: Queryable,
    tenant: string,
    source: SourcePlan,
    rowKeys: readonly string[],
  ): Promise<ReadonlyMap<string, StoredVersion[]>> {
    const found = await liveVersions(tx, tenant, source, rowKeys);
    for (const { objectDigest, filter } of await this.#current(tx, tenant, source.program.spec.name)) {
      const candidates = rowKeys.filter((key) => filter.mayHold(key));
      if (candidates.length === 0) continue;
      const sealed = await this.#findSealed(objectDigest, source, candidates);
      for (const [key, versions] of sealed) found.set(key, [...(found.get(key) ?? []), ...versions]);
    }
    return found;
  }

  /** The filters as of this transaction, which therefore sees every partition committed before its locks. */
  async #current(tx: Queryable, tenant: string, source: string): Promise<readonly FilterEntry[]> {
    const id = JSON.stringify([tenant, source]);
    const known = this.#filters.get(id) ?? [];
    const rows = await tx.query<{ commit_number: bigint; object_digest: string; row_key_filter: Buffer }>(
      NEW_FILTERS,
      [tenant, source, known.map(({ commit }) => commit)],
      { name: 'new-filters' },
    );
    if (rows.length === 0) return known;
    const added = rows.map((row) => ({
      commit: row.commit_number,
      objectDigest: row.object_digest,
      filter: new BloomFilter(row.row_key_filter),
    }));
    const filters = [...known, ...added];
    this.#filters.set(id, filters);
    return filters;
  }
}

async function liveVersions(
  tx: Queryable,
  tenant: string,
  source: SourcePlan,
  rowKeys: readonly string[],
): Promise<Map<string, StoredVersion[]>> {
  const types = source.program.spec.columns.map((column) => column.type);
  const rows = await tx.query<{
    row_key: string;
    sequence: bigint;
    event_us: bigint;
    known_us: bigint;
    body: Buffer;
  }>(LIVE_VERSIONS, [tenant, source.program.spec.name, rowKeys], { name: 'live-versions' });
  const found = new Map<string, StoredVersion[]>();
  for (const row of rows) {
    const versions = found.get(row.row_key) ?? [];
    versions.push({
      sequence: Number(row.sequence),
      event: Number(row.event_us),
      known: Number(row.known_us),
      values: decodeRow(types, row.body),
    });
    found.set(row.row_key, versions);
  }
  return found;
}
