const scratch = new DataView(new ArrayBuffer(8));
const QUIET_NAN = 0x7fc0;

/** The 16 bits of the BF16 nearest to a number, ties to even; beyond the largest it is an infinity. */
export function toBfloat16(value: number): number {
  if (Number.isNaN(value)) return QUIET_NAN;
  const single = Math.fround(value);
  scratch.setFloat32(0, single);
  let bits = scratch.getUint32(0);
  // Rounding twice to even goes wrong at ties; rounding to odd first keeps what the second rounding must know.
  if (single !== value) {
    if (Math.abs(single) > Math.abs(value)) bits -= 1;
    bits |= 1;
  }
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** The number that 16 bits of BF16 stand for; exact. */
export function fromBfloat16(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}
