import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fewFlights, MINUTE_US } from '../../test/few-flights.ts';
import type { CallerClients, TenantClients } from './clients.ts';
import { FlightReplay } from './flight-replay.ts';
import { knownAtUs, predictionIdOf, type Flights } from './flights.ts';
import { PredictionLog } from './prediction-log.ts';
import { SLICE_US, slices } from './replay.ts';

const SPAN = { fromUs: 0n, toUs: 6_000n * MINUTE_US };
const QUIET = { update: () => undefined, done: () => undefined };

/** Services that answer in whatever order the scheduler chooses, and note what they were told. */
class Services {
  readonly acknowledged = new Set<number>();
  readonly batchIds: string[] = [];
  readonly labelled: string[] = [];
  readonly predicted: number[] = [];
  readonly log = new PredictionLog();
  readonly #flights: Flights;
  readonly #inAnyOrder: fc.Scheduler;

  constructor(flights: Flights, scheduler: fc.Scheduler) {
    this.#flights = flights;
    this.#inAnyOrder = scheduler;
  }

  /** Clients with the three calls that a replay makes; the casts stand for all the others. */
  replay(): FlightReplay {
    const clients = {
      tenant: 'acme',
      features: { ingestRows: (request: IngestRows) => this.#ingest(request) },
      monitor: { submitLabels: (request: SubmitLabels) => this.#label(request) },
    } as unknown as TenantClients;
    const caller = {
      predictions: { predict: ({ stickyKey }: { stickyKey: string }) => this.#predict(Number(stickyKey)) },
    } as unknown as CallerClients;
    return new FlightReplay({ clients, caller, flights: this.#flights, log: this.log });
  }

  async #ingest({ batchId, rows }: IngestRows): Promise<void> {
    this.batchIds.push(batchId);
    await this.#inAnyOrder.schedule(Promise.resolve());
    for (const { values } of rows) this.acknowledged.add(Number(values[0]?.kind.value));
  }

  async #predict(index: number): Promise<{ outputs: { values: number[] }[]; variant: string }> {
    const departureUs = this.#flights.departureUs[index] ?? 0n;
    const startUs = departureUs - (departureUs % SLICE_US);
    const missing = Array.from(this.#flights.id).filter(
      (id) => knownAtUs(this.#flights, id) <= startUs && !this.acknowledged.has(id),
    );
    expect(missing).toEqual([]);
    this.predicted.push(index);
    await this.#inAnyOrder.schedule(Promise.resolve());
    return { outputs: [{ values: [0.5] }], variant: 'champion' };
  }

  async #label({ labels, completeUntilUs }: SubmitLabels): Promise<void> {
    for (const { predictionId } of labels) {
      expect(this.log.has(predictionId)).toBe(true);
      this.labelled.push(predictionId);
    }
    expect(new Set(this.labelled)).toEqual(new Set(this.expectedLabels(completeUntilUs)));
    await this.#inAnyOrder.schedule(Promise.resolve());
  }

  expectedLabels(untilUs: bigint): string[] {
    return Array.from(this.#flights.id)
      .filter((id) => knownAtUs(this.#flights, id) <= untilUs)
      .map((id) => predictionIdOf('acme', id));
  }
}

interface IngestRows {
  batchId: string;
  rows: { values: { kind: { value: bigint } }[] }[];
}

interface SubmitLabels {
  labels: { predictionId: string }[];
  completeUntilUs: bigint;
}

const allSlices = (flights: Flights, fromUs = SPAN.fromUs) =>
  slices(flights, () => true, { fromUs, toUs: SPAN.toUs });

describe('a replay of flights', () => {
  it('predicts after what was known and labels what was answered, in whatever order services answer', async () => {
    await fc.assert(
      fc.asyncProperty(fewFlights, fc.scheduler(), async (flights, scheduler) => {
        const services = new Services(flights, scheduler);
        await scheduler.waitFor(services.replay().run(allSlices(flights), QUIET, SPAN));
        expect(services.log.failures).toBe(0);
        expect(services.predicted.toSorted((a, b) => a - b)).toEqual(Array.from(flights.id));
        expect(services.acknowledged.size).toBe(flights.count);
        expect(services.labelled.toSorted()).toEqual(services.expectedLabels(SPAN.toUs).toSorted());
      }),
    );
  });

  it('never uses a batch id for other rows, wherever it begins again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fewFlights,
        fc.scheduler(),
        fc.nat(4_000),
        async (flights, scheduler, resumeMinute) => {
          const services = new Services(flights, scheduler);
          await scheduler.waitFor(services.replay().run(allSlices(flights), QUIET, SPAN));
          const before = new Set(services.batchIds);
          services.batchIds.length = 0;
          const again = allSlices(flights, BigInt(resumeMinute) * MINUTE_US);
          const outcomes = [...allSlices(flights)].map((slice) => slice.outcomes.join());
          const resumed = [...allSlices(flights, BigInt(resumeMinute) * MINUTE_US)];
          await scheduler.waitFor(services.replay().run(again, QUIET, SPAN));
          const known = resumed
            .filter((slice) => slice.outcomes.length > 0)
            .map((slice) => slice.outcomes.join());
          expect(services.batchIds.map((id) => before.has(id))).toEqual(
            known.map((content) => outcomes.includes(content)),
          );
        },
      ),
    );
  });
});
