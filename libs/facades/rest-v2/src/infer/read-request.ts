import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RawTensor } from '@plumbline/tensors';
import { liftData } from '../json/lift-data.ts';
import { TensorReader } from '../json/tensor-reader.ts';
import { SLICE_ELEMENTS } from '../json/tensor-text.ts';
import type { Parameters } from '../json/fields.ts';
import { readInferRequest, type RestInferRequest } from './infer-request.ts';
import { BinaryParts } from './split-body.ts';

export interface ReadRequest extends Omit<RestInferRequest, 'inputs'> {
  readonly inputs: readonly (RawTensor & { readonly parameters: Parameters })[];
}

/**
 * Reads an inference request: JSON, and binary tensors behind it. Long JSON is read a slice per turn of the
 * event loop. Binary tensors are views of the body.
 *
 * @throws ServiceError MALFORMED_JSON, REQUEST_INVALID, TENSOR_DATA_INVALID, BINARY_DATA_INVALID,
 * SHARED_MEMORY_UNSUPPORTED
 */
export async function readRequest(json: Buffer, binary: Buffer): Promise<ReadRequest> {
  const { inputs, ...request } = readInferRequest(await liftData(json));
  const parts = new BinaryParts(binary);
  const tensors: (RawTensor & { readonly parameters: Parameters })[] = [];
  for (const [index, { elements, ...input }] of inputs.entries()) {
    const field = `inputs[${index}]`;
    const raw =
      'binarySizeBytes' in elements
        ? parts.take(elements.binarySizeBytes, field)
        : await readSlices(new TensorReader({ ...input, field, json, range: elements }));
    tensors.push({ ...input, raw });
  }
  parts.finish();
  return { ...request, inputs: tensors };
}

async function readSlices(reader: TensorReader): Promise<Buffer> {
  while (!reader.read(SLICE_ELEMENTS)) await nextTurn();
  return reader.raw;
}
