import { isUtf8 } from 'node:buffer';
import { restErrors } from '../errors.ts';
import { COMMA, OPEN_ARRAY, OPEN_OBJECT } from './json-bytes.ts';

/** @throws ServiceError MALFORMED_JSON */
export function checkUtf8(json: Buffer): void {
  if (!isUtf8(json)) throw restErrors.MALFORMED_JSON('the JSON is not UTF-8');
}

/** More than any request that holds no tensors has; each takes a microsecond to parse. */
const MAX_ENTRIES = 65_536;

/** As parseJson, of UTF-8 of any length. @throws ServiceError MALFORMED_JSON, JSON_TOO_LARGE for too many values */
export function parseJsonBytes(json: Buffer): unknown {
  checkUtf8(json);
  checkEntries(json);
  return parseJson(json.toString('utf8'));
}

/** Marks within strings count too: it is the order of magnitude that matters. */
function checkEntries(json: Buffer): void {
  let entries = 0;
  for (const mark of [COMMA, OPEN_ARRAY, OPEN_OBJECT]) {
    for (let at = json.indexOf(mark); at >= 0; at = json.indexOf(mark, at + 1)) {
      if (++entries > MAX_ENTRIES)
        throw restErrors.JSON_TOO_LARGE(`the JSON has more than ${MAX_ENTRIES} values`);
    }
  }
}

/** JSON.parse, with integers that a number cannot hold as bigint. @throws ServiceError MALFORMED_JSON */
export function parseJson(text: string): unknown {
  try {
    return UNSAFE.test(text) ? JSON.parse(text, losslessly) : JSON.parse(text);
  } catch (cause) {
    throw restErrors.MALFORMED_JSON('the JSON cannot be parsed', { cause });
  }
}

/** So many digits it takes before a number can lose any: without them the parser would do six times the work for nothing. */
const UNSAFE = /\d{16}/;
/** Of up to 64 bits and a little more: longer ones take long to convert, and nothing takes them. */
const INTEGER = /^-?\d{1,20}$/;

function losslessly(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return INTEGER.test(source) ? BigInt(source) : value;
}
