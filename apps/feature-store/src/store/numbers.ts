/** Instants and sequences are safe integers in folds and int8 in tables; infinities are NULL there. */
export function fromInt8(value: bigint | null, absent: number): number {
  return value === null ? absent : Number(value);
}

export function toInt8(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
