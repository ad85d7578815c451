import type { FieldViolation } from '@plumbline/errors';
import { isUuid } from '@plumbline/uuid';
import { errors } from './errors.ts';

export interface Label {
  /** UUID of the prediction, lower case. */
  readonly predictionId: string;
  readonly value: number;
  /** When it became known, epoch µs. */
  readonly knownAtUs: bigint;
}

export interface LabelStore {
  /**
   * Keeps each label unless one with a later known-at is there; ids are distinct. Moves the tenant's progress up to
   * `completeUntilUs`, never back. Yields how many of the ids belong to a recorded prediction that a caller saw.
   */
  put(tenant: string, labels: readonly Label[], completeUntilUs: bigint): Promise<number>;
}

export interface Submitted {
  readonly joined: number;
  readonly waiting: number;
}

export const MAX_LABELS = 10_000;

/** How far the clock of a source may be ahead of ours. */
const CLOCK_SKEW_US = 60_000_000n;

/**
 * Takes labels in: all of them, or none and LABELS_INVALID. Idempotent; of several labels of one prediction the one
 * known last counts, whatever the order of their coming. `completeUntilUs` is the source's promise that every label
 * known before it has been submitted, 0 for none beyond the newest label. Nothing is known later than now: what says
 * so would outlast every correction, and declare days complete that have not begun.
 */
export async function submitLabels(
  store: LabelStore,
  tenant: string,
  labels: readonly Label[],
  completeUntilUs: bigint,
  nowUs: bigint,
): Promise<Submitted> {
  check(labels, completeUntilUs, nowUs + CLOCK_SKEW_US);
  const newest = labels.reduce((latest, label) => (label.knownAtUs > latest ? label.knownAtUs : latest), 0n);
  const distinct = lastKnown(labels);
  const until = completeUntilUs > newest ? completeUntilUs : newest;
  const joined = await store.put(tenant, distinct, until);
  return { joined, waiting: distinct.length - joined };
}

/** The label known last of each prediction, the later in the list among equals; sorted by id. */
function lastKnown(labels: readonly Label[]): Label[] {
  const byId = new Map<string, Label>();
  for (const label of labels) {
    const predictionId = label.predictionId.toLowerCase();
    const other = byId.get(predictionId);
    if (other === undefined || label.knownAtUs >= other.knownAtUs)
      byId.set(predictionId, { ...label, predictionId });
  }
  return [...byId.values()].sort((left, right) => (left.predictionId < right.predictionId ? -1 : 1));
}

function check(labels: readonly Label[], completeUntilUs: bigint, latestUs: bigint): void {
  if (labels.length > MAX_LABELS) {
    throw errors.LABELS_INVALID(`${labels.length} labels in one call; at most ${MAX_LABELS} are taken`);
  }
  const fieldViolations = labels.flatMap((label, index) => violations(label, index, latestUs));
  if (completeUntilUs < 0n)
    fieldViolations.push({ field: 'complete_until_us', description: 'is before 1970' });
  if (completeUntilUs > latestUs)
    fieldViolations.push({ field: 'complete_until_us', description: 'is yet to come' });
  if (fieldViolations.length === 0) return;
  throw errors.LABELS_INVALID(`${fieldViolations.length} fields are wrong`, {
    fieldViolations: fieldViolations.slice(0, 20),
  });
}

function violations(label: Label, index: number, latestUs: bigint): FieldViolation[] {
  const problems: [string, string][] = [];
  if (!isUuid(label.predictionId)) problems.push(['prediction_id', 'is no UUID']);
  if (!Number.isFinite(label.value)) problems.push(['value', 'is not finite']);
  if (label.knownAtUs <= 0n) problems.push(['known_at_us', 'is not after 1970']);
  if (label.knownAtUs > latestUs) problems.push(['known_at_us', 'is yet to come']);
  return problems.map(([field, description]) => ({ field: `labels[${index}].${field}`, description }));
}
