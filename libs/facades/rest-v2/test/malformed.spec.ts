import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { buildInferResponse, parseInferRequest } from '@plumbline/tensors';
import fc from 'fast-check';
import { closeAll, serve } from './rig.ts';

let port: number;

beforeAll(async () => {
  const rig = await serve({
    infer: (message) => {
      const { modelName, id, inputs, raw } = parseInferRequest(message);
      const outputs = inputs.map((input, index) => ({ ...input, raw: raw[index] ?? new Uint8Array() }));
      return buildInferResponse({ modelName, modelVersion: '1', id, outputs });
    },
    modelMetadata: () => ({ inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n] }] }),
    repositoryModelLoad: () => ({}),
    repositoryIndex: () => ({ models: [] }),
  });
  ({ port } = rig);
});

afterAll(closeAll);

interface Answer {
  readonly status: number;
  readonly body: string;
}

function post(path: string, body: Buffer, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ port, path, method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    call.on('error', reject).end(body);
  });
}

/** Requests that are nearly right. */
const almost = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: right, weight: 4 }, fc.jsonValue({ maxDepth: 2 }));
const input = fc.record(
  {
    name: almost(fc.string()),
    datatype: almost(fc.constantFrom('FP32', 'INT64', 'BOOL', 'BYTES', 'FP16', 'UINT8')),
    shape: almost(fc.array(almost(fc.nat({ max: 4 })), { maxLength: 3 })),
    data: almost(
      fc.array(fc.oneof(fc.double(), fc.integer(), fc.boolean(), fc.string(), fc.array(fc.nat()))),
    ),
    parameters: almost(fc.record({ binary_data_size: almost(fc.nat({ max: 20 })) })),
  },
  { requiredKeys: [] },
);
const output = fc.record({
  name: almost(fc.string()),
  parameters: almost(fc.record({ binary_data: almost(fc.boolean()) })),
});
const inferRequest = fc.record(
  {
    id: almost(fc.string()),
    inputs: almost(fc.array(almost(input), { maxLength: 3 })),
    outputs: almost(fc.array(almost(output), { maxLength: 2 })),
    parameters: almost(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }))),
  },
  { requiredKeys: [] },
);
const bodies = fc
  .tuple(
    fc.oneof(
      inferRequest.map((given) => JSON.stringify(given)),
      fc.string(),
      fc.json(),
    ),
    fc.uint8Array(),
  )
  .map(([json, binary]) => ({ json: Buffer.from(json), binary: Buffer.from(binary) }));
const codings = fc.constantFrom<Record<string, string>>(
  {},
  {},
  {},
  { 'content-encoding': 'gzip' },
  { 'content-encoding': 'zstd' },
);
const cuts = fc.oneof(
  fc.constant('right'),
  fc.constant('none'),
  fc.nat({ max: 30 }).map(String),
  fc.constantFrom('-1', 'x', '1e1'),
);

describe('whatever a client sends', () => {
  it.each(['/v2/models/m/infer', '/v2/repository/index', '/v2/repository/models/m/load'])(
    'to %s, it is answered or refused as its own fault',
    async (path) => {
      await fc.assert(
        fc.asyncProperty(bodies, codings, cuts, async ({ json, binary }, coding, cut) => {
          const length = cut === 'right' ? String(json.length) : cut;
          const headers = {
            ...coding,
            ...(cut === 'none' ? {} : { 'inference-header-content-length': length }),
          };
          const { status, body } = await post(path, Buffer.concat([json, binary]), headers);
          expect([200, 400, 413, 415, 501]).toContain(status);
          if (status !== 200) expect(JSON.parse(body)).toMatchObject({ error: expect.stringMatching(/./) });
        }),
        { numRuns: 300 },
      );
    },
  );
});
