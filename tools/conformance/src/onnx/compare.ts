import { decodeElements, type Datatype, type Element } from '@plumbline/tensors';
import type { TestTensor } from './read-tensor.ts';

/** As the ONNX project's backend tests compare: |actual − due| ≤ ABSOLUTE + RELATIVE · |due|. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

/** How an output differs from the one that is due; undefined where it does not. Only floats may be close. */
export function difference(
  actual: { readonly datatype: string; readonly shape: readonly number[]; readonly raw: Uint8Array },
  due: TestTensor,
): string | undefined {
  if (actual.datatype !== due.datatype) return `is ${actual.datatype}, not ${due.datatype}`;
  if (actual.shape.join() !== due.shape.join())
    return `has the shape [${actual.shape.join()}], not [${due.shape.join()}]`;
  const found = floatsOf(due.datatype, actual.raw);
  const wanted = floatsOf(due.datatype, due.raw);
  if (found === undefined || wanted === undefined) {
    return Buffer.compare(actual.raw, due.raw) === 0 ? undefined : 'has other elements';
  }
  if (found.length !== wanted.length) return `has ${found.length} elements, not ${wanted.length}`;
  const at = found.findIndex((value, index) => !isClose(value, wanted[index] ?? NaN));
  return at < 0 ? undefined : `is ${found[at]} at element ${at}, not ${wanted[at]}`;
}

function isClose(actual: number, due: number): boolean {
  if (Object.is(actual, due) || actual === due) return true;
  if (Number.isNaN(actual) || Number.isNaN(due)) return Number.isNaN(actual) && Number.isNaN(due);
  if (!Number.isFinite(actual) || !Number.isFinite(due)) return false;
  return Math.abs(actual - due) <= ABSOLUTE + RELATIVE * Math.abs(due);
}

/** The elements as numbers; undefined for datatypes that are compared exactly. */
function floatsOf(datatype: Datatype, raw: Uint8Array): readonly number[] | undefined {
  switch (datatype) {
    case 'FP16':
      return decodeElements(datatype, raw).map(halfOf);
    case 'BF16':
      return decodeElements(datatype, raw).map(bfloatOf);
    case 'FP32':
    case 'FP64':
      return decodeElements(datatype, raw).map(Number);
    default:
      return undefined;
  }
}

const scratch = new DataView(new ArrayBuffer(4));

function halfOf(bits: Element): number {
  scratch.setUint16(0, Number(bits));
  return scratch.getFloat16(0);
}

function bfloatOf(bits: Element): number {
  scratch.setUint32(0, Number(bits) * 65_536);
  return scratch.getFloat32(0);
}
