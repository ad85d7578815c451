import { FieldReader } from '@plumbline/wire';
import { lengthDelimited, replaceTensors } from './replace-tensors.ts';
import { UnsafeModel } from './unsafe-model.ts';
import { walk } from './walk-fields.ts';

/** A tensor's place in another file, as onnx.TensorProto.external_data says it. */
interface Place {
  /** Of the tensor. */
  readonly name: string;
  readonly entries: ReadonlyMap<string, string>;
}

/** onnx.TensorProto: the fields that make its data external, and that of its own bytes. */
const NAME = 8;
const RAW_DATA = 9;
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
const EXTERNAL = 1n;

/**
 * A model with the data of its external tensors in it, so that whoever opens it needs no other file. Every such tensor
 * lies within a file of the same version; no byte of a file belongs to more tensors than one, by count. Returns the
 * model's parts in order; the model itself where nothing of it is external.
 * @param fileOf the content of a file of the version, by its path beside the model.
 * @throws UnsafeModel, WireError, or what fileOf throws.
 */
export function inlineExternalData(
  model: Uint8Array,
  fileOf: (path: string) => Uint8Array,
): readonly Uint8Array[] {
  const takenBytes = new Map<string, number>();
  const parts = replaceTensors(model, (tensor) => {
    const place = placeOf(tensor);
    if (place === undefined) return undefined;
    const path = pathOf(place);
    const file = fileOf(path);
    const data = sliceOf(place, path, file);
    const taken = (takenBytes.get(path) ?? 0) + data.length;
    if (taken > file.length) throw new UnsafeModel(`tensors take more bytes of "${path}" than it has`);
    takenBytes.set(path, taken);
    return [...withoutPlace(tensor), lengthDelimited(RAW_DATA, data.length), data];
  });
  return parts ?? [model];
}

/** Undefined where the tensor's data is its own. */
function placeOf(tensor: Uint8Array): Place | undefined {
  const entries = new Map<string, string>();
  let name = '';
  let location = 0n;
  let repeated = false;
  walk(new FieldReader(tensor), {
    [NAME]: (field) => (name = field.string()),
    [EXTERNAL_DATA]: (field) => {
      const [key, value] = readEntry(field.message());
      repeated ||= entries.has(key);
      entries.set(key, value);
    },
    [DATA_LOCATION]: (field) => (location = field.uint64()),
  });
  if (location !== EXTERNAL) return undefined;
  if (repeated) throw new UnsafeModel(`the tensor "${name}" says twice where its data lies`);
  return { name, entries };
}

function readEntry(entry: FieldReader): [string, string] {
  let key = '';
  let value = '';
  walk(entry, { 1: (field) => (key = field.string()), 2: (field) => (value = field.string()) });
  return [key, value];
}

/** The path beside the model, without segments that say nothing. */
function pathOf({ name, entries }: Place): string {
  const location = entries.get('location') ?? '';
  const segments = location.split('/');
  if (location.startsWith('/') || location.includes('\\') || segments.includes('..')) {
    throw new UnsafeModel(`the tensor "${name}" lies outside its version, in ${JSON.stringify(location)}`);
  }
  return segments.filter((segment) => segment !== '' && segment !== '.').join('/');
}

function sliceOf({ name, entries }: Place, path: string, file: Uint8Array): Uint8Array {
  const offset = countOf(entries, 'offset', 0);
  const length = countOf(entries, 'length', Math.max(file.length - offset, 0));
  if (offset + length <= file.length) return file.subarray(offset, offset + length);
  throw new UnsafeModel(
    `the tensor "${name}" takes ${length} bytes from ${offset} of "${path}", which has ${file.length}`,
  );
}

function countOf(entries: Place['entries'], key: string, absent: number): number {
  const text = entries.get(key);
  if (text === undefined) return absent;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UnsafeModel(
    `a tensor's external data has the ${key} ${JSON.stringify(text)}, which is no number`,
  );
}

function withoutPlace(tensor: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const reader = new FieldReader(tensor);
  for (let start = 0; reader.next(); start = reader.position) {
    const { field } = reader;
    reader.skip();
    if (field !== EXTERNAL_DATA && field !== DATA_LOCATION)
      parts.push(tensor.subarray(start, reader.position));
  }
  return parts;
}
