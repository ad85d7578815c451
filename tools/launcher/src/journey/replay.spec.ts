import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fewFlights, MINUTE_US } from '../../test/few-flights.ts';
import { knownAtUs } from './flights.ts';
import { SLICE_US, slices } from './replay.ts';

const toUs = 5_000n * MINUTE_US;
const stopsUs = [1_000n * MINUTE_US, 2_501n * MINUTE_US];

describe('a replay', () => {
  it('never predicts a flight before everything known at its slice’s start was ingested, nor ingests the future', () => {
    fc.assert(
      fc.property(fewFlights, (flights) => {
        const ingested = new Set<number>();
        for (const { startUs, outcomes, departures } of slices(flights, () => true, {
          fromUs: 0n,
          toUs,
          stopsUs,
        })) {
          for (const index of outcomes) ingested.add(index);
          for (let index = 0; index < flights.count; index += 1) {
            expect(ingested.has(index)).toBe(knownAtUs(flights, index) <= startUs);
          }
          for (const index of departures) {
            const departure = flights.departureUs[index] ?? -1n;
            expect(departure >= startUs && departure < startUs + SLICE_US).toBe(true);
          }
        }
      }),
    );
  });

  it('pauses at every stop with all outcomes known by then and no departure before it left', () => {
    fc.assert(
      fc.property(fewFlights, (flights) => {
        const all = [...slices(flights, () => true, { fromUs: 0n, toUs, stopsUs })];
        for (const stopUs of stopsUs) {
          const upTo = all.slice(
            0,
            all.findIndex((slice) => slice.startUs === stopUs && slice.departures.length === 0) + 1,
          );
          const departed = upTo.flatMap((slice) => slice.departures);
          expect(departed).toHaveLength(
            flights.departureUs.filter((departureUs) => departureUs < stopUs).length,
          );
        }
      }),
    );
  });

  it('predicts every sampled flight once and ingests every outcome known by the end once', () => {
    fc.assert(
      fc.property(fewFlights, (flights) => {
        const all = [...slices(flights, (id) => id % 3 === 0, { fromUs: 0n, toUs, stopsUs })];
        const departures = all.flatMap((slice) => slice.departures).sort((a, b) => a - b);
        const outcomes = all.flatMap((slice) => slice.outcomes).sort((a, b) => a - b);
        const indexes = Array.from(flights.id);
        expect(departures).toEqual(indexes.filter((index) => index % 3 === 0));
        expect(outcomes).toEqual(indexes.filter((index) => knownAtUs(flights, index) <= toUs));
      }),
    );
  });
});
