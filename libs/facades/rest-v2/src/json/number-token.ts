/** A JSON number as it stands in a text. */
export interface NumberToken {
  /** Just behind it. */
  end: number;
  /** Correctly rounded to a double. */
  value: number;
  /** Whether it has neither fraction nor exponent. */
  isInteger: boolean;
}

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const UPPER_E = 0x45;
const LOWER_E = 0x65;
const PLUS = 0x2b;

/** With so few digits both the digits and the power of ten are exact doubles, and one division rounds correctly. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** Reads the number at `start` into `token`; false where there is none of JSON's grammar. */
export function readNumber(json: Buffer, start: number, token: NumberToken): boolean {
  const negative = json[start] === MINUS;
  let at = negative ? start + 1 : start;
  const first = at;
  let digits = 0;
  let digit = digitAt(json, at);
  while (digit >= 0) {
    digits = digits * 10 + digit;
    digit = digitAt(json, ++at);
  }
  if (at === first || (at > first + 1 && json[first] === ZERO)) return false;
  let count = at - first;
  let fraction = 0;
  if (json[at] === POINT) {
    const point = at;
    digit = digitAt(json, ++at);
    while (digit >= 0) {
      digits = digits * 10 + digit;
      digit = digitAt(json, ++at);
    }
    fraction = at - point - 1;
    if (fraction === 0) return false;
    count += fraction;
  }
  const exponentEnd = skipExponent(json, at);
  if (exponentEnd < 0) return false;
  token.end = exponentEnd;
  token.isInteger = fraction === 0 && exponentEnd === at;
  if (count > EXACT_DIGITS || exponentEnd !== at)
    token.value = Number(json.toString('latin1', start, exponentEnd));
  else {
    const value = fraction === 0 ? digits : digits / (POWERS_OF_TEN[fraction] ?? NaN);
    token.value = negative ? -value : value;
  }
  return true;
}

function digitAt(json: Buffer, at: number): number {
  const digit = (json[at] ?? 0) - ZERO;
  return digit <= 9 ? digit : -1;
}

/** Just behind the exponent at `at`, `at` itself where there is none, −1 where it is malformed. */
function skipExponent(json: Buffer, at: number): number {
  if (json[at] !== LOWER_E && json[at] !== UPPER_E) return at;
  const sign = json[at + 1];
  let end = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
  const first = end;
  while (digitAt(json, end) >= 0) end++;
  return end === first ? -1 : end;
}
