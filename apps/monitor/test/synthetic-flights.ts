import { RecordKind } from '@plumbline/contract-audit';
import { buildProfile, type Profile } from '@plumbline/statistics';
import { DIGEST, MODEL, type RecordedInit } from './monitor-rig.ts';

export const HOUR_US = 3_600_000_000n;
/** 1 March 2001, 00:00. */
export const MARCH_US = 983_404_800_000_000n;

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Flight {
  readonly atUs: bigint;
  readonly lateShare: number | null;
  readonly meanDelay: number | null;
  readonly hour: number;
  readonly score: number;
}

/** Flights of an hour; `delayFactor` is what the outcomes' source multiplies delays by. */
export function flightsOf(random: () => number, hourUs: bigint, count: number, delayFactor = 1): Flight[] {
  const hour = Number((hourUs / HOUR_US) % 24n);
  const gloom = 0.2 + 0.1 * Math.sin(Number(hourUs / (24n * HOUR_US)));
  return Array.from({ length: count }, (_, i): Flight => {
    const delay = (random() + random()) * 40 * gloom;
    const lateShare = delayFactor < 1 ? 0 : Math.min(1, (random() + random()) * gloom);
    const known = random() > 0.05;
    return {
      atUs: hourUs + (BigInt(i) * HOUR_US) / BigInt(count),
      lateShare: known ? lateShare : null,
      meanDelay: known ? delay * delayFactor : null,
      hour,
      score: Math.min(0.99, 0.05 + lateShare),
    };
  });
}

/** A baseline of 20 days before March. */
export function flightProfile(): Profile {
  const random = seeded(1);
  const hours = Array.from({ length: 20 * 24 }, (_, i) => MARCH_US - BigInt(20 * 24 - i) * HOUR_US);
  const flights = hours.flatMap((hour) => flightsOf(random, hour, 100));
  const column = (name: string, source: string, values: (number | null)[]) => ({ name, source, values });
  return buildProfile({
    eventTimesUs: flights.map(({ atUs }) => atUs),
    features: [
      column(
        'airport:late_share',
        'outcomes',
        flights.map(({ lateShare }) => lateShare),
      ),
      column(
        'airport:mean_delay',
        'outcomes',
        flights.map(({ meanDelay }) => meanDelay),
      ),
      column(
        'departure:hour',
        'request',
        flights.map(({ hour }) => hour),
      ),
    ],
    score: { name: 'score', values: flights.map(({ score }) => score) },
  });
}

/** A UUID that ascends with `index`; `space` keeps the ids of one test apart from those of another. */
export function predictionId(space: number, index: number): string {
  return `${space.toString(16).padStart(8, '0')}-0000-7000-8000-${index.toString(16).padStart(12, '0')}`;
}

/** `mirrors`: the prediction that this one is the shadow of. */
export function recorded(id: string, flight: Flight, mirrors?: string): RecordedInit {
  const shadow = mirrors !== undefined;
  const value = (number: number | null) =>
    number === null ? {} : { kind: { case: 'doubleValue' as const, value: number } };
  return {
    kind: shadow ? RecordKind.SHADOW : RecordKind.PREDICTION,
    committedAtUs: flight.atUs,
    facts: {
      predictionId: id,
      route: 'flights',
      model: MODEL,
      modelDigest: DIGEST,
      variant: shadow ? 'shadow' : 'champion',
      mirroredPredictionId: mirrors ?? '',
      asOfUs: flight.atUs,
      score: flight.score,
      featureNames: ['airport:late_share', 'airport:mean_delay', 'departure:hour'],
      featureValues: [
        value(flight.lateShare),
        value(flight.meanDelay),
        { kind: { case: 'int64Value', value: BigInt(flight.hour) } },
      ],
    },
  };
}
