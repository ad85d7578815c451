import { setTimeout as delay } from 'node:timers/promises';
import { connectCaller, connectTenant } from './journey/clients.ts';
import { FlightReplay, monthAndDay } from './journey/flight-replay.ts';
import { day, isSampled, predictionIdOf, readFlights } from './journey/flights.ts';
import { PredictionLog } from './journey/prediction-log.ts';
import { SLICE_US, slices, type Slice } from './journey/replay.ts';
import type { Screen } from './terminal/screen.ts';

/** Share of flights that are predicted while streaming. */
const SAMPLE_SHARE = 0.05;
/** What comes before has been replayed by the journey, labels and all. */
export const STREAM_FROM_US = day(4, 1);
/** Pace: this many wall milliseconds per slice of five minutes. */
const MS_PER_SLICE = 1_000;

export interface StreamInput {
  readonly screen: Screen;
  readonly addresses: Readonly<Record<string, string>>;
  readonly serviceSecret: string;
  readonly tenant: string;
  readonly apiKey: string;
  /** First instant to stream. */
  readonly fromUs: bigint;
  /** Told where a later start would go on. */
  readonly onPosition: (instantUs: bigint) => void;
  readonly signal: AbortSignal;
}

/** Streams flights day by day from `fromUs` to the end of June, five minutes a second, until aborted. */
export async function keepStreaming(input: StreamInput): Promise<void> {
  const { screen, signal } = input;
  const clients = connectTenant(input.addresses, input.serviceSecret, input.tenant);
  const caller = connectCaller(input.addresses['GATEWAY_ADDRESS'] ?? '', input.apiKey);
  const log = await logOf(input);
  let first = true;
  try {
    for (let fromUs = input.fromUs; fromUs < day(7, 1) && !signal.aborted; fromUs = nextMidnight(fromUs)) {
      const toUs = nextMidnight(fromUs);
      // Outcomes of the day before may still be due: they are told apart by their row key, so telling twice is harmless.
      const flights = await readFlights(fromUs - DAY_US, toUs);
      const replay = new FlightReplay({ clients, caller, flights, log });
      for (const slice of slices(flights, (id) => isSampled(id, SAMPLE_SHARE), { fromUs, toUs })) {
        if (signal.aborted) break;
        await replay.run([slice], { update: () => undefined, done: () => undefined }, { fromUs, toUs });
        if (first && log.count > 0)
          screen.say(
            `  first prediction answered ${(performance.now() / 1_000).toFixed(1)} s after the start`,
          );
        first &&= log.count === 0;
        input.onPosition(endOf(slice, toUs));
        await delay(MS_PER_SLICE, undefined, { signal }).catch(() => undefined);
      }
      screen.say(`  ${monthAndDay(fromUs)}: ${log.count} predictions so far, ${log.failures} failed`);
    }
  } finally {
    clients.close();
    caller.close();
  }
}

/** Knows what an earlier start was answered within the last day: its labels may still be due. */
async function logOf({ tenant, fromUs }: StreamInput): Promise<PredictionLog> {
  const log = new PredictionLog();
  const yesterdayUs = fromUs - DAY_US;
  const sinceUs = yesterdayUs > STREAM_FROM_US ? yesterdayUs : STREAM_FROM_US;
  if (sinceUs >= fromUs) return log;
  const { id } = await readFlights(sinceUs, fromUs);
  for (const flight of id)
    if (isSampled(flight, SAMPLE_SHARE)) log.answeredEarlier(predictionIdOf(tenant, flight));
  return log;
}

/** Everything up to there has been told and asked. */
function endOf({ startUs }: Slice, dayEndsUs: bigint): bigint {
  return startUs + SLICE_US < dayEndsUs ? startUs + SLICE_US : dayEndsUs;
}

const DAY_US = 86_400_000_000n;
const nextMidnight = (instantUs: bigint): bigint => (instantUs / DAY_US + 1n) * DAY_US;
