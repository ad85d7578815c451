import { setImmediate as nextTurn } from 'node:timers/promises';
import { restErrors } from '../errors.ts';
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  isSpace,
  stringEnd,
} from './json-bytes.ts';
import { checkUtf8, parseJson } from './parse-json.ts';

/** Where one `data` array lies in the JSON part of a body, brackets included. */
export interface DataRange {
  readonly start: number;
  readonly end: number;
}

/** A request without its tensors' elements. */
export interface LiftedRequest {
  /** The rest of the JSON, parsed; integers beyond 2^53 are bigint. `inputs[i].data` is an index into `ranges`. */
  readonly envelope: unknown;
  readonly ranges: readonly DataRange[];
}

/** Of the envelope: a request nests five deep, and describes a tensor in a hundred bytes. */
const MAX_DEPTH = 32;
const MAX_ENVELOPE_LENGTH = 256 * 1024;

/** Bytes looked at per turn of the event loop: a few milliseconds of work. */
const SLICE_BYTES = 512 * 1024;

/**
 * Parses an inference request but for the arrays `inputs[i].data`, which it only finds the ends of: their elements are
 * read into their tensors later and never become JavaScript values. Takes several turns of the event loop for long
 * requests.
 *
 * @throws ServiceError MALFORMED_JSON; JSON_TOO_LARGE where what is not data is long; REQUEST_INVALID where `inputs[i].data` is no array
 */
export async function liftData(json: Buffer, sliceBytes = SLICE_BYTES): Promise<LiftedRequest> {
  checkUtf8(json);
  const lift = new Lift(json);
  while (!lift.run(sliceBytes)) await nextTurn();
  const { text, ranges } = lift;
  if (text.length > MAX_ENVELOPE_LENGTH) {
    throw restErrors.JSON_TOO_LARGE(`the JSON has more than ${MAX_ENVELOPE_LENGTH} characters besides data`);
  }
  return { envelope: parseJson(text), ranges };
}

class Lift {
  readonly ranges: DataRange[] = [];
  readonly #json: Buffer;
  readonly #pieces: string[] = [];
  /** Start of what has not been taken over into a piece. */
  #taken = 0;
  /** The brackets that are open, and the last key of each object. */
  readonly #open: number[] = [];
  readonly #keys: string[] = [];
  #atKey = false;
  #at = 0;
  /** Arrays of a tensor's data that are open; 0 outside of data. */
  #depth = 0;
  #dataStart = 0;

  constructor(json: Buffer) {
    this.#json = json;
  }

  get text(): string {
    return this.#pieces.join('') + this.#json.toString('utf8', this.#taken);
  }

  /** Looks at about so many bytes more; true when all have been looked at. @throws ServiceError */
  run(bytes: number): boolean {
    const json = this.#json;
    const stop = Math.min(json.length, this.#at + bytes);
    while (this.#at < stop) {
      if (this.#depth > 0) this.#at = this.#skip(this.#at, stop);
      else this.#at = this.#step(json[this.#at] ?? 0, this.#at);
    }
    if (this.#at < json.length) return false;
    if (this.#depth > 0) throw restErrors.MALFORMED_JSON('an array has no end');
    return true;
  }

  /** Looks at the byte at `at`; answers where to look next. */
  #step(byte: number, at: number): number {
    switch (byte) {
      case QUOTE:
        return this.#string(at);
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#enter(byte);
        return at + 1;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        this.#open.pop();
        this.#atKey = false;
        return at + 1;
      case COMMA:
        this.#atKey = this.#open.at(-1) === OPEN_OBJECT;
        return at + 1;
      case COLON:
        return this.#isData() ? this.#lift(at + 1) : at + 1;
      default:
        return at + 1;
    }
  }

  #enter(bracket: number): void {
    if (this.#open.length === MAX_DEPTH) {
      throw restErrors.MALFORMED_JSON(`the JSON is nested more than ${MAX_DEPTH} deep`);
    }
    this.#open.push(bracket);
    this.#keys[this.#open.length] = '';
    this.#atKey = bracket === OPEN_OBJECT;
  }

  #string(start: number): number {
    const end = stringEnd(this.#json, start);
    if (this.#atKey) {
      this.#atKey = false;
      this.#keys[this.#open.length] = keyText(this.#json.subarray(start, end));
    }
    return end;
  }

  #isData(): boolean {
    const [root, list, input, ...deeper] = this.#open;
    return (
      root === OPEN_OBJECT &&
      list === OPEN_ARRAY &&
      input === OPEN_OBJECT &&
      deeper.length === 0 &&
      this.#keys[1] === 'inputs' &&
      this.#keys[3] === 'data'
    );
  }

  #lift(from: number): number {
    const json = this.#json;
    let start = from;
    while (isSpace(json[start])) start++;
    if (json[start] !== OPEN_ARRAY)
      throw restErrors.REQUEST_INVALID('data of an input must be an array of elements');
    this.#pieces.push(json.toString('utf8', this.#taken, start), String(this.ranges.length));
    this.#dataStart = start;
    this.#depth = 1;
    return start + 1;
  }

  /** Goes on to the end of the data, or to `stop`; what the data is made of is not checked. */
  #skip(from: number, stop: number): number {
    const json = this.#json;
    let at = from;
    while (at < stop && this.#depth > 0) {
      const byte = json[at];
      if (byte === QUOTE) {
        at = stringEnd(json, at);
        continue;
      }
      if (byte === OPEN_ARRAY) this.#depth++;
      else if (byte === CLOSE_ARRAY) this.#depth--;
      at++;
    }
    if (this.#depth === 0) {
      this.ranges.push({ start: this.#dataStart, end: at });
      this.#taken = at;
    }
    return at;
  }
}

/** The text of a quoted key; one that is malformed is left to the parser. */
function keyText(quoted: Buffer): string {
  const text = quoted.toString('utf8');
  return text.includes('\\') ? String(parseJson(text)) : text.slice(1, -1);
}
