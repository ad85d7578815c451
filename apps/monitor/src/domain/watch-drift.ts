import { decideAlerts, type Alert, type ColumnStanding } from './decide-alerts.ts';
import { dueWindows, type EventTime } from './event-time.ts';
import { judgeWindow, updateStandings, type WindowCells } from './judge-window.ts';
import type { MonitoredVersion, Versions } from './monitored-version.ts';
import { ALERT_POLICY, ALLOWED_LATENESS_US, EVALUATION_STEP_US } from './policy.ts';
import type { VersionSpan } from './take-predictions.ts';

/** What one pass over a model reads and writes; all calls on one watch are one transaction. */
export interface DriftWatch {
  /** Undefined when another replica is at it. */
  lockEventTime(tenant: string, model: string): Promise<EventTime | undefined>;
  /** Versions with predictions at or after `sinceUs`, and their whole spans. */
  spans(tenant: string, model: string, sinceUs: bigint): Promise<VersionSpan[]>;
  /** Starts of the steps that hold predictions, ascending. */
  filledSteps(tenant: string, model: string, sinceUs: bigint): Promise<bigint[]>;
  sumCells(tenant: string, model: string, window: DigestWindow): Promise<WindowCells>;
  standings(tenant: string, model: string): Promise<ColumnStanding[]>;
  firing(tenant: string, model: string): Promise<Alert[]>;
  save(tenant: string, model: string, outcome: WatchOutcome): Promise<void>;
}

export interface DigestWindow {
  readonly digest: string;
  readonly fromUs: bigint;
  readonly toUs: bigint;
}

export interface WatchOutcome {
  readonly judgedUntilUs: bigint;
  readonly standings: readonly ColumnStanding[];
  /** Alerts that fired, grew or cleared, in the order in which they did. */
  readonly changes: readonly Alert[];
}

/** So many windows are judged in one transaction, which holds up the intake of the model's predictions. */
const WINDOWS_PER_PASS = 6;

/**
 * Judges the model's windows that have become due, one per step of event time, each as long as the version's block,
 * and decides its alerts after each of them. A version is judged once its first prediction is a whole window old:
 * part of a window does not resemble a whole one. Yields whether more windows are due.
 */
export async function watchDrift(
  watch: DriftWatch,
  versions: Versions,
  tenant: string,
  model: string,
  newId: () => string,
): Promise<boolean> {
  const eventTime = await watch.lockEventTime(tenant, model);
  if (eventTime === undefined) return false;
  const due = dueWindows(eventTime, ALLOWED_LATENESS_US);
  const [first] = due;
  const judgedUntilUs = due.at(-1);
  if (first === undefined || judgedUntilUs === undefined) return false;

  const live = await liveVersions(watch, versions, tenant, model, first);
  const ends = await endsWithData(watch, tenant, model, due, longestBlock(live));
  const now = ends.slice(0, WINDOWS_PER_PASS);
  let standings = await watch.standings(tenant, model);
  let firing = await watch.firing(tenant, model);
  const changes: Alert[] = [];
  for (const toUs of now) {
    for (const version of live) {
      if (!isWhole(version, toUs)) continue;
      const cells = await watch.sumCells(tenant, model, windowOf(version, toUs));
      standings = replace(standings, version.span.digest, (own) =>
        updateStandings(version.span.digest, own, judgeWindow(version.columns, cells)),
      );
    }
    const current = standingsOf(standings, live, toUs);
    const decided = decideAlerts({ model, standings: current, firing }, ALERT_POLICY, toUs, newId);
    changes.push(...decided);
    firing = stillFiring(firing, decided);
  }
  const more = now.length < ends.length;
  await watch.save(tenant, model, {
    judgedUntilUs: more ? (now.at(-1) ?? judgedUntilUs) : judgedUntilUs,
    standings,
    changes,
  });
  return more;
}

interface LiveVersion extends Pick<MonitoredVersion, 'columns'> {
  readonly span: VersionSpan;
  readonly blockUs: bigint;
}

async function liveVersions(
  watch: DriftWatch,
  versions: Versions,
  tenant: string,
  model: string,
  firstDueUs: bigint,
): Promise<LiveVersion[]> {
  const live: LiveVersion[] = [];
  for (const span of await watch.spans(tenant, model, firstDueUs - LONGEST_BLOCK_US)) {
    const { profile, columns } = await versions.get(tenant, model, span.digest);
    if (profile !== undefined) live.push({ span, columns, blockUs: profile.blockUs });
  }
  return live;
}

/** Baselines with longer blocks than this are judged as long as predictions keep coming. */
const LONGEST_BLOCK_US: bigint = 7n * 24n * EVALUATION_STEP_US;

function longestBlock(versions: readonly LiveVersion[]): bigint {
  return versions.reduce((longest, { blockUs }) => (blockUs > longest ? blockUs : longest), 0n);
}

/** Those ends whose window can hold a prediction: a pause in traffic costs nothing, however long. */
async function endsWithData(
  watch: DriftWatch,
  tenant: string,
  model: string,
  due: readonly bigint[],
  blockUs: bigint,
): Promise<bigint[]> {
  const [first = 0n] = due;
  const filled = await watch.filledSteps(tenant, model, first - blockUs);
  let next = 0;
  return due.filter((end) => {
    while ((filled[next] ?? end) < end - blockUs) next++;
    const step = filled[next];
    return step !== undefined && step < end;
  });
}

function isWhole({ span, blockUs }: LiveVersion, toUs: bigint): boolean {
  const fromUs = toUs - blockUs;
  return span.firstUs < fromUs + EVALUATION_STEP_US && span.lastUs >= fromUs;
}

/** Standings of versions that predicted in the window: one that no longer does must not keep an alert firing. */
function standingsOf(
  standings: readonly ColumnStanding[],
  live: readonly LiveVersion[],
  toUs: bigint,
): ColumnStanding[] {
  const current = new Set(live.filter((version) => isWhole(version, toUs)).map(({ span }) => span.digest));
  return standings.filter((standing) => current.has(standing.digest));
}

function windowOf({ span, blockUs }: LiveVersion, toUs: bigint): DigestWindow {
  return { digest: span.digest, fromUs: toUs - blockUs, toUs };
}

function replace(
  standings: readonly ColumnStanding[],
  digest: string,
  update: (own: ColumnStanding[]) => ColumnStanding[],
): ColumnStanding[] {
  const own = standings.filter((standing) => standing.digest === digest);
  return [...standings.filter((standing) => standing.digest !== digest), ...update(own)];
}

function stillFiring(firing: readonly Alert[], changes: readonly Alert[]): Alert[] {
  const changed = new Set(changes.map((alert) => alert.alertId));
  return [...firing.filter((alert) => !changed.has(alert.alertId)), ...changes].filter(
    (alert) => alert.clearedAtUs === undefined,
  );
}
