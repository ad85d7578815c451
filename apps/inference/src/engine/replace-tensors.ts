import { FieldReader, Wire } from '@plumbline/wire';
import { sizeOf } from './size-of.ts';

/** Fields of a message that are messages, of which some are tensors. */
interface Nesting {
  readonly [field: number]: Nesting | 'tensor';
}

/** Of onnx.proto, every way from a model to a tensor but those of training_info, which the scan refuses. */
const SPARSE_TENSOR: Nesting = { 1: 'tensor', 2: 'tensor' };
const ATTRIBUTE: Record<number, Nesting | 'tensor'> = { 5: 'tensor', 10: 'tensor' };
const NODE: Nesting = { 5: ATTRIBUTE };
const GRAPH: Nesting = { 1: NODE, 5: 'tensor', 15: SPARSE_TENSOR };
Object.assign(ATTRIBUTE, { 6: GRAPH, 11: GRAPH, 22: SPARSE_TENSOR, 23: SPARSE_TENSOR });
const FUNCTION: Nesting = { 7: NODE, 11: ATTRIBUTE };
const MODEL: Nesting = { 7: GRAPH, 25: FUNCTION };

/** Messages in messages: deeper than any graph that is accepted. */
const MAX_DEPTH = 64;

/** The tensor's new bytes in parts; undefined: it stays. */
type Replace = (tensor: Uint8Array) => readonly Uint8Array[] | undefined;

/**
 * Replaces tensors of a serialised onnx.ModelProto, wherever they are nested, without decoding the rest. Returns the
 * new bytes in parts, or undefined where no tensor was replaced. Tensors in graphs that are nested too deep to be
 * accepted stay.
 * @throws WireError for bytes that are no protobuf.
 */
export function replaceTensors(model: Uint8Array, replace: Replace): readonly Uint8Array[] | undefined {
  return replaceIn(model, MODEL, replace, 0);
}

function replaceIn(
  bytes: Uint8Array,
  nesting: Nesting,
  replace: Replace,
  depth: number,
): readonly Uint8Array[] | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const reader = new FieldReader(bytes);
  const parts: Uint8Array[] = [];
  let keptTo = 0;
  for (let start = 0; reader.next(); start = reader.position) {
    const { field } = reader;
    const inner = nesting[field];
    if (inner === undefined || reader.wireType !== Wire.LENGTH) {
      reader.skip();
      continue;
    }
    const value = reader.bytes();
    const replaced = inner === 'tensor' ? replace(value) : replaceIn(value, inner, replace, depth + 1);
    if (replaced === undefined) continue;
    parts.push(bytes.subarray(keptTo, start), lengthDelimited(field, sizeOf(replaced)));
    for (const part of replaced) parts.push(part);
    keptTo = reader.position;
  }
  if (parts.length === 0) return undefined;
  parts.push(bytes.subarray(keptTo));
  return parts;
}

/** The head of a field that is followed by as many bytes. */
export function lengthDelimited(field: number, sizeBytes: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + Wire.LENGTH), ...varint(sizeBytes)]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}
