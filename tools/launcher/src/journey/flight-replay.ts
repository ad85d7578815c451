import { createHash } from 'node:crypto';
import type { Signature } from '@plumbline/signature';
import type { Progress } from '../terminal/screen.ts';
import type { CallerClients, TenantClients } from './clients.ts';
import { knownAtUs, predictionIdOf, type Flights } from './flights.ts';
import { predictByKey, predictByTensors } from './predict-flight.ts';
import type { PredictionLog } from './prediction-log.ts';
import type { Slice } from './replay.ts';
import { retryUnavailable } from './retry.ts';
import { OUTCOME_COLUMNS, outcomeRow } from './rows.ts';
import { SOURCE } from './setting.ts';

/** Every tenth sampled flight is asked for with tensors instead of entity keys. */
const TENSOR_EVERY = 10;
/** Labels are sent in batches of at least this many, and whenever a replay pauses. */
const LABEL_BATCH = 200;
/** Slices whose outcomes or predictions are under way at once. */
const SLICES_IN_FLIGHT = 8;

export interface ReplayParts {
  readonly clients: TenantClients;
  readonly caller: CallerClients;
  readonly flights: Flights;
  readonly log: PredictionLog;
  /** Undefined: all by entity key. */
  readonly signature?: Signature;
  /** What the source reports as the delay of a flight; default: the truth. */
  readonly reportedDelay?: (index: number) => number;
}

/** Replays flights: outcomes into the feature store, predictions through the gateway, labels to the monitor. */
export class FlightReplay {
  readonly #parts: ReplayParts;
  #labels: { predictionId: string; value: number; knownAtUs: bigint }[] = [];
  #sending: Promise<void> = Promise.resolve();
  #outcomes = 0;
  /** Every label known before it has been added. */
  #completeUntilUs = 0n;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
  }

  /** Outcomes ingested so far. */
  get outcomes(): number {
    return this.#outcomes;
  }

  /**
   * Replays slices in order: each one's flights are predicted once its outcomes are in. Meanwhile the next ones'
   * outcomes go in: what is known only after a flight's own instant is invisible to it, whenever it arrives.
   */
  async run(
    slices: Iterable<Slice>,
    progress: Progress,
    span: { fromUs: bigint; toUs: bigint },
  ): Promise<void> {
    const underWay: Promise<void>[] = [];
    let ingested: Promise<unknown> = Promise.resolve();
    for (const slice of slices) {
      if (underWay.length === SLICES_IN_FLIGHT) await underWay.shift();
      ingested = Promise.all([ingested, this.#ingest(slice)]);
      const answered = this.#answer(slice, ingested, underWay.at(-1));
      // Awaited above or below; until then it must not count as unhandled.
      answered.catch(() => undefined);
      underWay.push(answered);
      const share = Number(slice.startUs - span.fromUs) / Number(span.toUs - span.fromUs);
      progress.update(share, `${monthAndDay(slice.startUs)}, ${this.#parts.log.count} predictions`);
    }
    await underWay.at(-1);
    await this.flush();
  }

  /** Predicts a slice. Its labels wait for `before`: at night a flight's outcome can come with the very next slice. */
  async #answer(slice: Slice, ingested: Promise<unknown>, before: Promise<void> | undefined): Promise<void> {
    await ingested;
    const answered = Promise.all(slice.departures.map((index) => this.#predict(index)));
    await before;
    this.#addLabels(slice);
    await answered;
  }

  /** Sends the labels that wait. */
  async flush(): Promise<void> {
    this.#sendLabels();
    await this.#sending;
  }

  async #ingest({ outcomes }: Slice): Promise<void> {
    if (outcomes.length === 0) return;
    const { clients, flights, reportedDelay } = this.#parts;
    for (let at = 0; at < outcomes.length; at += 10_000) {
      const batch = outcomes.slice(at, at + 10_000);
      const rows = batch.map((index) => outcomeRow(flights, index, reportedDelay?.(index)));
      const batchId = batchIdOf(batch.map((index) => flights.id[index] ?? -1));
      await retryUnavailable(() =>
        clients.features.ingestRows({ source: SOURCE, columns: OUTCOME_COLUMNS, rows, batchId }),
      );
    }
    this.#outcomes += outcomes.length;
  }

  #addLabels({ startUs, outcomes }: Slice): void {
    for (const index of outcomes) this.#addLabel(index);
    this.#completeUntilUs = startUs;
    if (this.#labels.length >= LABEL_BATCH) this.#sendLabels();
  }

  #addLabel(index: number): void {
    const { clients, flights, log } = this.#parts;
    const predictionId = predictionIdOf(clients.tenant, flights.id[index] ?? -1);
    if (!log.has(predictionId)) return;
    const value = (flights.delayMin[index] ?? 0) > 15 ? 1 : 0;
    this.#labels.push({ predictionId, value, knownAtUs: knownAtUs(flights, index) });
  }

  #sendLabels(): void {
    const labels = this.#labels;
    this.#labels = [];
    const completeUntilUs = this.#completeUntilUs;
    this.#sending = this.#sending.then(async () => {
      await retryUnavailable(() => this.#parts.clients.monitor.submitLabels({ labels, completeUntilUs }));
    });
    // Reported by flush(); until then it must not count as unhandled.
    this.#sending.catch(() => undefined);
  }

  async #predict(index: number): Promise<void> {
    const { caller, clients, flights, log, signature } = this.#parts;
    const id = predictionIdOf(clients.tenant, flights.id[index] ?? -1);
    try {
      const byTensors = signature !== undefined && (flights.id[index] ?? 0) % TENSOR_EVERY === 0;
      const { score, variant } = byTensors
        ? await predictByTensors(caller, clients, signature, flights, index, id, () => log.retried())
        : await predictByKey(caller, flights, index, id, () => log.retried());
      log.answered(id, score, variant);
    } catch (error) {
      log.failed(error);
    }
  }
}

/** Named after its content: a replay that begins again elsewhere cuts other batches. */
function batchIdOf(flightIds: readonly number[]): string {
  return `flights-${createHash('sha256').update(flightIds.join()).digest('hex').slice(0, 32)}`;
}

/** "21 March" of an instant. */
export function monthAndDay(instantUs: bigint): string {
  return new Date(Number(instantUs / 1_000n)).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  });
}
