import { BloomFilter, decodeRow, hashKey, type KeyHash } from '@plumbline/features';
import type { Queryable } from '@plumbline/sql';
import type { SourcePlan } from '../domain/catalogue.ts';
import { errors } from '../domain/errors.ts';
import type { Survey, StoredVersion } from '../domain/row-store.ts';
import { FilterCache, type PartitionFilter } from './filter-cache.ts';

/** Finds sealed versions of row keys inside a Parquet object; only asked for keys that a filter lets through. */
export type FindSealed = (
  objectDigest: string,
  source: SourcePlan,
  rowKeys: readonly string[],
) => Promise<ReadonlyMap<string, StoredVersion[]>>;

/**
 * Everything that a commit must know once it holds its locks, in one round trip: its number, whether its definitions are
 * still the newest, sealed partitions that this process has not met, and the live versions of its row keys. The keys are
 * looked up laterally and limited, so that a plan made when the table was empty looks them up one by one too.
 */
const SURVEY = `
SELECT nextval('row_commit') AS commit,
       (SELECT max(revision) FROM definition_revision WHERE tenant = $1) AS revision,
       (SELECT array_agg(commit_number) FROM sealed_partition
        WHERE tenant = $1 AND source = $2 AND object_digest IS NOT NULL AND commit_number <> ALL ($4::bigint[])) AS unmet,
       v.*
FROM (
  SELECT array_agg(k.row_key) AS row_keys, array_agg(h.sequence) AS sequences, array_agg(h.event_us) AS events,
         array_agg(h.known_us) AS knowns, array_agg(length(h.body)) AS lengths, string_agg(h.body, ''::bytea) AS bodies
  FROM unnest($3::text[]) AS k (row_key)
  CROSS JOIN LATERAL (
    SELECT sequence, event_us, known_us, body FROM history
    WHERE tenant = $1 AND source = $2 AND row_key = k.row_key ORDER BY sequence LIMIT 10000
  ) h
) v`;

interface SurveyRow {
  commit: bigint;
  revision: number;
  unmet: bigint[] | null;
  row_keys: string[] | null;
  sequences: bigint[];
  events: bigint[];
  knowns: bigint[];
  lengths: number[];
  bodies: Buffer;
}

const FILTERS = `
SELECT commit_number, object_digest, row_key_filter FROM sealed_partition
WHERE tenant = $1 AND source = $2 AND commit_number = ANY ($3::bigint[])`;

/** Filters read at once: 32 MiB when their partitions have half a million rows, the most that a partition may have. */
const FILTERS_PER_QUERY = 16;

/**
 * Looks row keys up in everything stored before: live history by its index, sealed partitions by their filters, which
 * are cached as far as they fit and otherwise read again. Sealed objects themselves are opened only for keys that a
 * filter cannot rule out.
 */
export class CommitSurvey {
  readonly #findSealed: FindSealed;
  readonly #filters: FilterCache;

  /** `filterCacheBytes` bounds the filters that are kept, of all sources together. */
  constructor(findSealed: FindSealed, filterCacheBytes: number) {
    this.#findSealed = findSealed;
    this.#filters = new FilterCache(filterCacheBytes);
  }

  async take(tx: Queryable, tenant: string, source: SourcePlan, rowKeys: readonly string[]): Promise<Survey> {
    const { name } = source.program.spec;
    const cached = this.#filters.of(tenant, name);
    const values = [tenant, name, rowKeys, cached.map(({ commit }) => commit)];
    const [row] = await tx.query<SurveyRow>(SURVEY, values, { name: 'survey' });
    if (row!.revision !== source.revision) throw errors.CATALOGUE_STALE('definitions changed meanwhile');
    const priors = liveVersions(source, row!);
    const keys = rowKeys.map((key) => ({ key, hash: hashKey(key) }));
    await this.#addSealed(priors, source, cached, keys);
    const unmet = row!.unmet ?? [];
    for (let first = 0; first < unmet.length; first += FILTERS_PER_QUERY) {
      const filters = await readFilters(tx, tenant, name, unmet.slice(first, first + FILTERS_PER_QUERY));
      this.#filters.add(tenant, name, filters);
      await this.#addSealed(priors, source, filters, keys);
    }
    return { commit: Number(row!.commit), priors };
  }

  async #addSealed(
    priors: Map<string, StoredVersion[]>,
    source: SourcePlan,
    filters: readonly PartitionFilter[],
    keys: readonly { readonly key: string; readonly hash: KeyHash }[],
  ): Promise<void> {
    for (const { objectDigest, filter } of filters) {
      const candidates = keys.filter(({ hash }) => filter.mayHold(hash)).map(({ key }) => key);
      if (candidates.length === 0) continue;
      const sealed = await this.#findSealed(objectDigest, source, candidates);
      for (const [key, versions] of sealed) priors.set(key, [...(priors.get(key) ?? []), ...versions]);
    }
  }
}

async function readFilters(
  tx: Queryable,
  tenant: string,
  source: string,
  commits: readonly bigint[],
): Promise<PartitionFilter[]> {
  const rows = await tx.query<{ commit_number: bigint; object_digest: string; row_key_filter: Buffer }>(
    FILTERS,
    [tenant, source, commits],
  );
  return rows.map((row) => ({
    commit: row.commit_number,
    objectDigest: row.object_digest,
    filter: new BloomFilter(row.row_key_filter),
  }));
}

function liveVersions(source: SourcePlan, row: SurveyRow): Map<string, StoredVersion[]> {
  const types = source.program.spec.columns.map((column) => column.type);
  const found = new Map<string, StoredVersion[]>();
  let offset = 0;
  row.row_keys?.forEach((key, index) => {
    const end = offset + row.lengths[index]!;
    const versions = found.get(key) ?? [];
    versions.push({
      sequence: Number(row.sequences[index]),
      event: Number(row.events[index]),
      known: Number(row.knowns[index]),
      values: decodeRow(types, row.bodies.subarray(offset, end)),
    });
    found.set(key, versions);
    offset = end;
  });
  return found;
}
