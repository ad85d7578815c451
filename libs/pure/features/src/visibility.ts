import { NEVER, type Micros } from './instants.ts';

/** What decides whether, and against which others, a row counts. */
export interface RowVersion {
  /** When it happened. */
  readonly event: Micros;
  /** When it became known; the creation instant in the total order below. */
  readonly known: Micros;
  /** Position among the rows of its entities; greater is later. Never repeated within a source. */
  readonly sequence: number;
}

/** The first instant at which a row is visible: it has happened and it is known. */
export function visibleFrom(row: Pick<RowVersion, 'event' | 'known'>): Micros {
  return Math.max(row.event, row.known);
}

/** The one visibility rule: a row counts at `at` iff event <= at and known <= at. */
export function isVisible(row: Pick<RowVersion, 'event' | 'known'>, at: Micros): boolean {
  return row.event <= at && row.known <= at;
}

/** Total order of competing rows, oldest first: by event, then known, then ingest sequence. The greatest wins. */
export function compareVersions(a: RowVersion, b: RowVersion): number {
  return a.event - b.event || a.known - b.known || a.sequence - b.sequence;
}

/** Whether a row is older than `ttlUs` allows at `at`; 0 allows every age, and exactly `ttlUs` is still young. */
export function isAged(event: Micros, at: Micros, ttlUs: number): boolean {
  return ttlUs > 0 && at - event > ttlUs;
}

/** The winner among the rows visible at `at`, or undefined when none is. Ageing is judged afterwards, on the winner. */
export function winnerAt<Row extends RowVersion>(rows: Iterable<Row>, at: Micros): Row | undefined {
  let winner: Row | undefined;
  for (const row of rows) {
    if (isVisible(row, at) && (winner === undefined || compareVersions(row, winner) > 0)) winner = row;
  }
  return winner;
}

/**
 * For versions of one row (they share a row key): the instant from which each is superseded, in the order given. A
 * version gives way when a greater one becomes visible; the greatest never does.
 */
export function supersededFrom(versions: readonly RowVersion[]): Micros[] {
  return versions.map((version) =>
    versions
      .filter((other) => compareVersions(other, version) > 0)
      .reduce((soonest, other) => Math.min(soonest, visibleFrom(other)), NEVER),
  );
}
