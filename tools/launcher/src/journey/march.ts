import { day, isSampled, readFlights, type Flights } from './flights.ts';
import { slices, type Slice } from './replay.ts';

/** Share of flights that are predicted: about 21,500 of March's. */
const SAMPLE_SHARE = 0.0425;
/** Where the journey pauses: retraining, judgement of the candidate, canary. */
const STOPS_US = [day(3, 21), day(3, 26), day(3, 28), day(4, 1)];
export const MARCH = { fromUs: day(3, 1), toUs: day(4, 1) };
/** By then the outcome of every March flight is known. */
export const MARCH_KNOWN_US = day(4, 1, 12);

/** March's flights, cut into slices that can be taken up to one instant after another. */
export class March {
  readonly flights: Flights;
  readonly #slices: Iterator<Slice>;
  #next: IteratorResult<Slice>;

  private constructor(flights: Flights) {
    this.flights = flights;
    this.#slices = slices(flights, (id) => isSampled(id, SAMPLE_SHARE), {
      fromUs: MARCH.fromUs,
      toUs: MARCH_KNOWN_US,
      stopsUs: STOPS_US,
    });
    this.#next = this.#slices.next();
  }

  static async read(): Promise<March> {
    return new March(await readFlights(MARCH.fromUs, MARCH.toUs));
  }

  /** The slices that are left up to a stop, the stop included. */
  *until(instantUs: bigint): Generator<Slice> {
    while (this.#next.done !== true && this.#next.value.startUs <= instantUs) {
      yield this.#next.value;
      this.#next = this.#slices.next();
    }
  }
}
