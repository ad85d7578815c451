import { describe, expect, it } from '@jest/globals';
import { buildInferRequest, encodeElements, parseInferRequest, type Datatype } from '@plumbline/tensors';
import fc from 'fast-check';
import { admitRequest } from './admit-request.ts';
import { responseKey, type CacheableRequest } from './response-key.ts';

/** All that an answer follows from, as plain data; two are the same exactly when their JSON is. */
interface Asked {
  readonly tenant: string;
  readonly digest: string;
  readonly inputs: readonly {
    readonly datatype: 'UINT8' | 'INT8' | 'UINT16' | 'BYTES';
    readonly shape: readonly [number, number];
    readonly fill: number;
  }[];
  readonly outputs: readonly number[];
  readonly parameters: Readonly<Record<string, string | boolean>>;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  tenant: fc.constantFrom('a', 'b', 'ab'),
  digest: fc.constantFrom('', 'b', '1'),
  inputs: fc.array(
    fc.record({
      datatype: fc.constantFrom('UINT8' as const, 'INT8' as const, 'UINT16' as const, 'BYTES' as const),
      shape: fc.constantFrom([1, 4] as const, [2, 2] as const, [4, 1] as const, [1, 2] as const),
      fill: fc.integer({ min: 0, max: 1 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  outputs: fc.subarray([0, 1], { minLength: 1 }),
  parameters: fc.dictionary(fc.constantFrom('p', 'q'), fc.oneof(fc.boolean(), fc.constantFrom('true', ''))),
});

function elementsOf(datatype: Datatype, count: number, fill: number) {
  return Array.from({ length: count }, () => (datatype === 'BYTES' ? Buffer.from(String(fill)) : fill));
}

/** As the service makes it of a request, whose inputs, outputs and parameters come in either order. */
function cacheable(plain: Asked, reversed: boolean): CacheableRequest {
  const turn = <T>(list: T[]) => (reversed ? list.reverse() : list);
  const inputs = plain.inputs.map(({ datatype, shape, fill }, index) => ({
    name: `x${index}`,
    datatype,
    shape: [1, ...shape],
    raw: encodeElements(datatype, elementsOf(datatype, shape[0] * shape[1], fill)),
  }));
  const signature = {
    inputs: inputs.map(({ name, datatype }) => ({ name, datatype, shape: [-1, -1, -1] })),
    outputs: [0, 1].map((index) => ({ name: `y${index}`, datatype: 'FP32' as const, shape: [-1, 1] })),
  };
  const order = turn([...plain.outputs]);
  const outputs = order.map((index) => `y${index}`);
  const bytes = buildInferRequest({ modelName: 'm', inputs: turn([...inputs]), outputs });
  return {
    tenant: plain.tenant,
    digest: plain.digest,
    signature,
    admitted: admitRequest(parseInferRequest(bytes), signature, true),
    parameters: new Map(turn(Object.entries(plain.parameters))),
  };
}

/** The order of parameters says nothing. */
const meaning = ({ parameters, ...rest }: Asked) =>
  JSON.stringify([rest, Object.entries(parameters).sort(([left], [right]) => (left < right ? -1 : 1))]);

describe('responseKey', () => {
  it('is equal for requests that ask the same, and for no others', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(asked, (plain) => {
        const key = responseKey(cacheable(plain, false));
        expect(responseKey(cacheable(plain, true))).toBe(key);
        expect(seen.get(key) ?? meaning(plain)).toBe(meaning(plain));
        seen.set(key, meaning(plain));
        expect(new Set(seen.values()).size).toBe(seen.size);
      }),
      { numRuns: 2_000 },
    );
  });
});
