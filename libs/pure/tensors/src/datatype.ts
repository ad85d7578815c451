/** The datatypes of the Open Inference Protocol and the bytes of one element on the wire; 0 = of varying length. */
const ELEMENT_SIZES = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 0,
} as const;

export type Datatype = keyof typeof ELEMENT_SIZES;

export const DATATYPES = Object.keys(ELEMENT_SIZES) as readonly Datatype[];

/** True for the protocol's names, which are upper case: `fp32` is none. */
export function isDatatype(text: string): text is Datatype {
  return Object.hasOwn(ELEMENT_SIZES, text);
}

/** Bytes of one element; 0 for BYTES, whose elements carry their own length. */
export function elementSizeBytes(datatype: Datatype): number {
  return ELEMENT_SIZES[datatype];
}
