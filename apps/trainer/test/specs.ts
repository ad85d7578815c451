import type { DatasetRequest, TrainingSpec } from '../src/domain/training/training-spec.ts';
import { SHARE } from './flights.ts';

const DAY_US = 86_400_000_000n;
const START_US = 978_307_200_000_000n;

/** Rows of days `from` to `to` (exclusive) of 2001. */
export function rowsOfDays(from: bigint, to: bigint): DatasetRequest {
  return {
    featureService: 'flight_delay',
    featureServiceVersion: 0,
    spineSource: 'outcomes',
    spineInstant: 'date',
    fromUs: START_US + from * DAY_US,
    toUs: START_US + to * DAY_US,
    label: 'delay > 15',
    knownByUs: 0n,
    requestValues: { departure_us: 'date' },
  };
}

export function specOfTest(changes: Partial<TrainingSpec> = {}): TrainingSpec {
  return {
    model: 'flight_delay',
    fit: rowsOfDays(0n, 5n),
    gate: rowsOfDays(5n, 7n),
    parametersJson: '{"trees":12,"leaves":8,"minLeafWeight":5}',
    seed: 7n,
    baselineFeature: SHARE,
    ...changes,
  };
}
