import type { DriftState } from '@plumbline/statistics';

export interface AlertPolicy {
  /** A column counts as shifted after this many evaluations in a row that say so. */
  readonly fireAfter: number;
  /** … the score after this many, where no source is at fault: a shifted source shifts the score, and is the cause. */
  readonly fireScoreAfter: number;
  /** An alert clears after this many evaluations in a row in which none of its columns drifts. */
  readonly clearAfter: number;
}

/** The verdict on one column of one version, and for how many evaluations in a row it has been the same. */
export interface ColumnStanding {
  readonly digest: string;
  readonly column: string;
  /** {@link SCORE_SOURCE} for the score. */
  readonly source: string;
  /** The last verdict that was one: INSUFFICIENT_DATA leaves a standing as it was. */
  readonly state: Exclude<DriftState, 'INSUFFICIENT_DATA'>;
  readonly streak: number;
  /** One sentence with the figures. */
  readonly reason: string;
}

export interface Alert {
  readonly alertId: string;
  readonly model: string;
  readonly digest: string;
  readonly source: string;
  /** Sorted. */
  readonly columns: readonly string[];
  /** One per column, in their order. */
  readonly reasons: readonly string[];
  readonly firedAtUs: bigint;
  /** Undefined while it fires. */
  readonly clearedAtUs: bigint | undefined;
}

export interface AlertSnapshot {
  readonly model: string;
  /** Of every version of the model that still predicts. */
  readonly standings: readonly ColumnStanding[];
  /** The model's firing alerts; at most one per source. */
  readonly firing: readonly Alert[];
}

export const SCORE_SOURCE = 'score';

/**
 * Alerts of the model that change at `nowUs`: new ones, ones that grow by a column, and ones that clear. One alert
 * per source, however many columns, versions and evaluations show it. A shifted score joins the alerts of its
 * causes, and makes one of its own only where it has none.
 */
export function decideAlerts(
  snapshot: AlertSnapshot,
  policy: AlertPolicy,
  nowUs: bigint,
  newId: () => string,
): Alert[] {
  const shifted = snapshot.standings.filter((standing) => isShifted(standing, policy.fireAfter));
  const causes = Map.groupBy(
    shifted.filter((standing) => standing.source !== SCORE_SOURCE),
    (standing) => standing.source,
  );
  const scores = shifted.filter((standing) => standing.source === SCORE_SOURCE);
  const firing = new Map(snapshot.firing.map((alert) => [alert.source, alert]));

  const changed: Alert[] = [];
  for (const [source, standings] of causes) {
    const alert = firing.get(source);
    const all = [...standings, ...scores];
    changed.push(
      ...(alert === undefined ? [fire(snapshot.model, source, all, nowUs, newId)] : grow(alert, all)),
    );
  }
  if (causes.size === 0) changed.push(...scoreAlone(snapshot, scores, policy, nowUs, newId));
  const grown = new Set(changed.map((alert) => alert.alertId));
  const quiet = snapshot.firing.filter((alert) => !grown.has(alert.alertId));
  return [...changed, ...clear(quiet, snapshot.standings, policy, nowUs)];
}

function isShifted(standing: ColumnStanding, after: number): boolean {
  return standing.state === 'DRIFTED' && standing.streak >= after;
}

function scoreAlone(
  snapshot: AlertSnapshot,
  scores: readonly ColumnStanding[],
  policy: AlertPolicy,
  nowUs: bigint,
  newId: () => string,
): Alert[] {
  const lasting = scores.filter((standing) => isShifted(standing, policy.fireScoreAfter));
  if (lasting.length === 0 || snapshot.firing.length > 0) return [];
  return [fire(snapshot.model, SCORE_SOURCE, lasting, nowUs, newId)];
}

function fire(
  model: string,
  source: string,
  standings: readonly ColumnStanding[],
  nowUs: bigint,
  newId: () => string,
): Alert {
  const digest = standings[0]?.digest ?? '';
  const opened = { alertId: newId(), model, digest, source, firedAtUs: nowUs, clearedAtUs: undefined };
  return { ...opened, ...describe(standings) };
}

function grow(alert: Alert, standings: readonly ColumnStanding[]): Alert[] {
  const added = standings.filter((standing) => !alert.columns.includes(standing.column));
  if (added.length === 0) return [];
  const known = alert.columns.map((column, i) => ({ column, reason: alert.reasons[i] ?? '' }));
  return [{ ...alert, ...describe([...known, ...added]) }];
}

/** Columns with their reasons, each once, sorted by name. */
function describe(
  standings: readonly Pick<ColumnStanding, 'column' | 'reason'>[],
): Pick<Alert, 'columns' | 'reasons'> {
  const reasons = new Map<string, string>();
  for (const { column, reason } of standings) if (!reasons.has(column)) reasons.set(column, reason);
  const sorted = [...reasons].sort(([left], [right]) => (left < right ? -1 : 1));
  return { columns: sorted.map(([column]) => column), reasons: sorted.map(([, reason]) => reason) };
}

function clear(
  quiet: readonly Alert[],
  standings: readonly ColumnStanding[],
  policy: AlertPolicy,
  nowUs: bigint,
): Alert[] {
  return quiet
    .filter((alert) => alert.columns.every((column) => isMended(standings, column, policy)))
    .map((alert) => ({ ...alert, clearedAtUs: nowUs }));
}

/** No version sees the column drift, and one has not for long enough. */
function isMended(standings: readonly ColumnStanding[], column: string, policy: AlertPolicy): boolean {
  const seen = standings.filter((standing) => standing.column === column);
  return (
    seen.every((standing) => standing.state === 'STABLE') &&
    seen.some((standing) => standing.streak >= policy.clearAfter)
  );
}
