import type { Datatype, Element } from '@plumbline/tensors';
import { input, type Input } from './infer.ts';

const utf8 = new TextEncoder();

/** Four elements with the bounds of the datatype among them. FP16 elements are their 16 bits. */
export const FOUR_ELEMENTS: Readonly<Record<Exclude<Datatype, 'BF16'>, readonly Element[]>> = {
  BOOL: [true, false, false, true],
  UINT8: [0, 1, 127, 255],
  UINT16: [0, 1, 256, 65_535],
  UINT32: [0, 1, 65_536, 4_294_967_295],
  UINT64: [0n, 1n, 2n ** 53n + 1n, 2n ** 64n - 1n],
  INT8: [-128, -1, 0, 127],
  INT16: [-32_768, -1, 256, 32_767],
  INT32: [-2_147_483_648, -1, 65_536, 2_147_483_647],
  INT64: [-(2n ** 63n), -1n, 2n ** 53n + 1n, 2n ** 63n - 1n],
  FP16: [0x0000, 0x3c00, 0xc000, 0x7bff],
  FP32: [0, -1.5, Math.fround(3.4e38), 2 ** -126],
  FP64: [0, -1.5, 1.7e308, 2 ** -1022],
  BYTES: ['plumb', '', 'ключ', 'a:b'].map((text) => utf8.encode(text)),
};

/** The field of InferTensorContents that takes the datatype's elements; absent where they only travel raw. */
export const CONTENTS_FIELD = {
  BOOL: 'boolContents',
  UINT8: 'uintContents',
  UINT16: 'uintContents',
  UINT32: 'uintContents',
  UINT64: 'uint64Contents',
  INT8: 'intContents',
  INT16: 'intContents',
  INT32: 'intContents',
  INT64: 'int64Contents',
  FP32: 'fp32Contents',
  FP64: 'fp64Contents',
  BYTES: 'bytesContents',
} as const satisfies Partial<Record<Datatype, string>>;

/** INPUT0 and INPUT1 of `simple`: one row of `first`, `first` + 1, … and one of ones. */
export function simpleInputs(first: number): readonly Input[] {
  return [
    input('INPUT0', 'INT32', [1, 16], row(first)),
    input('INPUT1', 'INT32', [1, 16], new Array<number>(16).fill(1)),
  ];
}

/** `first`, `first` + 1, …: 16 numbers. */
export function row(first: number): number[] {
  return Array.from({ length: 16 }, (_, index) => first + index);
}

/** INPUT0 of a model of the suite that takes rows of four FP32. */
export function fourWide(...elements: number[]): Input {
  return input('INPUT0', 'FP32', [elements.length / 4, 4], elements);
}

/** The bytes of texts, as BYTES elements. */
export function texts(values: readonly (string | number)[]): Uint8Array[] {
  return values.map((value) => utf8.encode(String(value)));
}
