import { create, toBinary } from '@bufbuild/protobuf';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { seededRandom, uniformFloats } from '../statistics/random.ts';

export const INFER_METHOD = 'inference.GRPCInferenceService/ModelInfer';

/** What requests are made of. */
export interface RequestShape {
  readonly model: string;
  readonly features: number;
  /** Rows of one request. */
  readonly rows: number;
}

/** `count` serialised ModelInferRequests with different values, uniform in [-1, 1). */
export function inferRequests({ model, features, rows }: RequestShape, count: number, seed = 1): Buffer[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const values = uniformFloats(rows * features, 1, random);
    const request = create(ModelInferRequestSchema, {
      modelName: model,
      inputs: [{ name: 'x', datatype: 'FP32', shape: [BigInt(rows), BigInt(features)] }],
      rawInputContents: [new Uint8Array(values.buffer)],
    });
    return Buffer.from(toBinary(ModelInferRequestSchema, request));
  });
}
