import { create, toBinary } from '@bufbuild/protobuf';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { seededRandom } from '../statistics/random.ts';
import { inputValues, type RowShape } from './input-values.ts';

export const INFER_METHOD = 'inference.GRPCInferenceService/ModelInfer';

/** What requests are made of. */
export interface RequestShape extends RowShape {
  readonly model: string;
  /** Rows of one request. */
  readonly rows: number;
}

/** `count` serialised ModelInferRequests with different values, as inputValues() makes them. */
export function inferRequests(shape: RequestShape, count: number, seed = 1): Buffer[] {
  const { model, features, rows, vocabulary } = shape;
  const random = seededRandom(seed);
  const datatype = vocabulary === undefined ? 'FP32' : 'INT64';
  return Array.from({ length: count }, () => {
    const request = create(ModelInferRequestSchema, {
      modelName: model,
      inputs: [{ name: 'x', datatype, shape: [BigInt(rows), BigInt(features)] }],
      rawInputContents: [new Uint8Array(inputValues(shape, rows, random).buffer)],
    });
    return Buffer.from(toBinary(ModelInferRequestSchema, request));
  });
}
