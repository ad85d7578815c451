/**
 * A number as C's `%f` writes it: six decimals, exact halves to the even digit, `inf`, `nan`, and the sign of zero kept.
 * Differs from toFixed in halves, in −0 and from 1e21 up.
 */
export function formatFixed(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size === Infinity) return `${sign}inf`;
  if (size >= 1e21) return `${sign}${BigInt(size)}.000000`;
  return sign + (isHalf(size) ? halfToEven(size) : size.toFixed(6));
}

/** Whether the seventh decimal is a 5 and the last: then 2⁷ · value is odd. */
function isHalf(size: number): boolean {
  const scaled = size * 128;
  return scaled <= Number.MAX_SAFE_INTEGER && scaled % 2 === 1;
}

function halfToEven(size: number): string {
  const below = (BigInt(size * 128) * 15_625n) / 2n;
  const millionths = below + (below & 1n);
  const digits = String(millionths).padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}
