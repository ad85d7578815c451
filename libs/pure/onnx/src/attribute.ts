import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  type AttributeProto,
} from '@plumbline/contract-onnx';

/** The value of a node's attribute. ONNX tells floats from integers, which a JavaScript number cannot. */
export type AttributeValue =
  | { readonly float: number }
  | { readonly int: number | bigint }
  | { readonly text: string }
  | { readonly floats: ArrayLike<number> }
  | { readonly ints: ArrayLike<number | bigint> }
  | { readonly texts: readonly string[] };

const utf8 = new TextEncoder();

export function attribute(name: string, value: AttributeValue): AttributeProto {
  return create(AttributeProtoSchema, { name, ...fieldsOf(value) });
}

function fieldsOf(value: AttributeValue) {
  if ('float' in value) return { type: AttributeType.FLOAT, f: value.float };
  if ('int' in value) return { type: AttributeType.INT, i: BigInt(value.int) };
  if ('text' in value) return { type: AttributeType.STRING, s: utf8.encode(value.text) };
  if ('floats' in value) return { type: AttributeType.FLOATS, floats: Array.from(value.floats) };
  if ('ints' in value) return { type: AttributeType.INTS, ints: Array.from(value.ints, BigInt) };
  return { type: AttributeType.STRINGS, strings: value.texts.map((text) => utf8.encode(text)) };
}
