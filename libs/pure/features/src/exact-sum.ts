/**
 * Exact sums of safe integers in two limbs, high * 2^32 + low, held in two neighbouring slots of a Float64Array.
 * Addition is exact and therefore independent of order; |sum| stays exact up to 2^84.
 */
const LIMB = 2 ** 32;

export function addExact(slots: Float64Array, slot: number, value: number): void {
  const high = Math.trunc(value / LIMB);
  addLimbs(slots, slot, high, value - high * LIMB);
}

export function mergeExact(into: Float64Array, slot: number, from: Float64Array, fromSlot: number): void {
  addLimbs(into, slot, from[fromSlot]!, from[fromSlot + 1]!);
}

function addLimbs(slots: Float64Array, slot: number, high: number, low: number): void {
  const sum = slots[slot + 1]! + low;
  const carry = Math.trunc(sum / LIMB);
  slots[slot]! += high + carry;
  slots[slot + 1] = sum - carry * LIMB;
}

/** The sum, exact where it is a safe integer and otherwise the nearest double. */
export function exactTotal(slots: Float64Array, slot: number): number {
  const high = slots[slot]!;
  const low = slots[slot + 1]!;
  if (Math.abs(high) < 2 ** 20) return high * LIMB + low;
  return Number(BigInt(high) * BigInt(LIMB) + BigInt(low));
}
