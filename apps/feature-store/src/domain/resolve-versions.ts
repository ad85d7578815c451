import { Fault, NEVER, supersededFrom, type Micros } from '@plumbline/features';
import type { Value } from '@plumbline/expressions';
import type { SourcePlan } from './catalogue.ts';
import { valuesFor, type RoutedRow } from './route-rows.ts';
import type { StoredVersion } from './row-store.ts';

/** Rows of one commit are numbered commit * 2^20 + position: unique, and ordered as commits are. */
export const ROWS_PER_COMMIT = 2 ** 20;

/** A row that enters history, with its place among the versions of its row key. */
export interface AcceptedRow extends RoutedRow {
  readonly sequence: number;
  /** Instant from which a greater version of the row stands instead. */
  readonly until: Micros;
  readonly correction: boolean;
}

/** A version stored earlier that a new one supersedes from `until` on. */
export interface SupersededVersion {
  readonly version: StoredVersion;
  /** Per view: its entity. */
  readonly keys: readonly (string | undefined)[];
  readonly until: Micros;
}

export interface Resolution {
  readonly accepted: readonly AcceptedRow[];
  readonly superseded: readonly SupersededVersion[];
  /** Rows that are stored already, content and all. */
  readonly repeated: number;
  /** Faults by position in `rows`. */
  readonly faults: readonly { readonly position: number; readonly fault: Fault }[];
}

interface Candidate extends StoredVersion {
  readonly routed: RoutedRow | undefined;
}

/**
 * Decides which rows are new, which correct earlier ones and which are mere repetitions. A correction may change
 * anything but the entities that its row belongs to.
 */
export function resolveVersions(
  source: SourcePlan,
  rows: readonly RoutedRow[],
  priors: ReadonlyMap<string, readonly StoredVersion[]>,
  commit: number,
): Resolution {
  const contested = contestedKeys(rows, priors);
  const rivals = new Map<string, Candidate[]>();
  const accepted: AcceptedRow[] = [];
  const faults: { position: number; fault: Fault }[] = [];
  let repeated = 0;
  rows.forEach((routed, position) => {
    const { row, keys } = routed;
    const sequence = commit * ROWS_PER_COMMIT + position;
    if (!contested.has(row.rowKey)) {
      accepted.push({ row, keys, sequence, until: NEVER, correction: false });
      return;
    }
    const known = rivals.get(row.rowKey) ?? storedCandidates(priors, row.rowKey);
    rivals.set(row.rowKey, known);
    if (known.some((version) => isRepetition(source, version, routed))) repeated++;
    else if (known.some((version) => !hasSameEntities(source, version, routed))) {
      faults.push({ position, fault: KEY_CHANGED });
    } else known.push({ event: row.event, known: row.known, sequence, values: row.values, routed });
  });
  const superseded: SupersededVersion[] = [];
  for (const candidates of rivals.values()) place(source, candidates, accepted, superseded);
  return { accepted, superseded, repeated, faults };
}

const KEY_CHANGED = new Fault('ENTITY_KEY_CHANGED', 'a correction may not move a row to other entities');

/** Row keys that are stored already or come more than once: the few that need a closer look. */
function contestedKeys(
  rows: readonly RoutedRow[],
  priors: ReadonlyMap<string, readonly StoredVersion[]>,
): ReadonlySet<string> {
  const contested = new Set(priors.keys());
  const seen = new Set<string>();
  for (const { row } of rows) {
    if (seen.has(row.rowKey)) contested.add(row.rowKey);
    seen.add(row.rowKey);
  }
  return contested;
}

function storedCandidates(
  priors: ReadonlyMap<string, readonly StoredVersion[]>,
  rowKey: string,
): Candidate[] {
  return (priors.get(rowKey) ?? []).map((prior) => ({ ...prior, routed: undefined }));
}

function place(
  source: SourcePlan,
  candidates: readonly Candidate[],
  accepted: AcceptedRow[],
  superseded: SupersededVersion[],
): void {
  const untils = supersededFrom(candidates);
  const correction = candidates.length > 1;
  candidates.forEach(({ routed, ...version }, index) => {
    const until = untils[index]!;
    if (routed !== undefined) {
      accepted.push({ row: routed.row, keys: routed.keys, sequence: version.sequence, until, correction });
    } else if (until !== NEVER) {
      superseded.push({ version, keys: entitiesOf(source, version.values), until });
    }
  });
}

function isRepetition(source: SourcePlan, version: StoredVersion, { row }: RoutedRow): boolean {
  if (version.event !== row.event) return false;
  if (source.program.declaresKnownAt && version.known !== row.known) return false;
  for (let i = 0; i < source.program.rawCount; i++) {
    if ((version.values[i] ?? null) !== row.values[i]) return false;
  }
  return true;
}

function hasSameEntities(source: SourcePlan, version: Candidate, routed: RoutedRow): boolean {
  const keys = version.routed?.keys ?? entitiesOf(source, version.values);
  return keys.every((key, index) => key === routed.keys[index]);
}

function entitiesOf(source: SourcePlan, raw: readonly Value[]): (string | undefined)[] {
  const row = source.program.derive(raw.slice(0, source.program.rawCount));
  return source.views.map((view) => view.entityKeyOf(valuesFor(source, view, row)));
}
