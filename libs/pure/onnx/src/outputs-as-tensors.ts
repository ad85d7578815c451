import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '@plumbline/contract-onnx';
import { openLabelRows } from './open-label-rows.ts';
import { splitSequences } from './split-sequences.ts';
import { unzipMaps } from './zip-maps.ts';

/** A model whose outputs are all tensors where they could be made so. */
export interface TensorModel {
  readonly model: Uint8Array;
  /** Labels of the columns of outputs that were maps before, by output name. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

/** Operators without which there is nothing to edit, so that other models need not be decoded. */
const TELLTALES = ['ZipMap', 'SequenceConstruct', 'Classifier'];
const NO_LABELS: ReadonlyMap<string, readonly string[]> = new Map();

/**
 * Lets stock exports be served as they are: their outputs that are sequences, of maps or of tensors, which some runtimes
 * cannot return, become tensors, and label outputs that are declared to have one row get as many as there are. A model
 * with neither is returned as it is. Takes bytes that have been found to be a model.
 */
export function outputsAsTensors(bytes: Uint8Array): TensorModel {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!TELLTALES.some((operator) => text.includes(operator))) return { model: bytes, labels: NO_LABELS };
  const model = fromBinary(ModelProtoSchema, bytes);
  if (model.graph === undefined) return { model: bytes, labels: NO_LABELS };
  const labels = unzipMaps(model.graph);
  const split = splitSequences(model.graph);
  const opened = openLabelRows(model.graph);
  const edited = labels.size > 0 || split || opened;
  return { model: edited ? toBinary(ModelProtoSchema, model) : bytes, labels };
}
