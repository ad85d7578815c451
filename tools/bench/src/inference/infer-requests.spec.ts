import { describe, expect, it } from '@jest/globals';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { inferRequests } from './infer-requests.ts';

describe('requests of a benchmark', () => {
  const requests = inferRequests({ model: 'm', features: 4, rows: 3 }, 5);

  it('carry as many bytes as their shape says', () => {
    for (const bytes of requests) {
      const request = fromBinary(ModelInferRequestSchema, bytes);
      expect(request.modelName).toBe('m');
      expect(request.inputs[0]?.shape).toEqual([3n, 4n]);
      expect(request.rawInputContents[0]).toHaveLength(3 * 4 * 4);
    }
  });

  it('differ from each other', () => {
    expect(new Set(requests.map((bytes) => bytes.toString('hex'))).size).toBe(5);
  });
});
