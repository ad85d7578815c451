import { gunzipSync, gzipSync, deflateSync, inflateSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  buildInferResponse,
  encodeElements,
  parseInferRequest,
  readParameters,
  type InferRequestView,
  type RawTensor,
} from '@plumbline/tensors';
import { request as httpRequest } from 'node:http';
import { closeAll, postJson, serve, type Rig, type RigOptions } from './rig.ts';

afterEach(closeAll);

/** A model whose outputs are its inputs. Tells what it was asked. */
async function echo(options: RigOptions = {}): Promise<Rig & { asked: InferRequestView[] }> {
  const asked: InferRequestView[] = [];
  const rig = await serve({
    infer: (request) => {
      const view = parseInferRequest(request);
      asked.push(view);
      const { modelName, id, inputs, raw } = view;
      const outputs = inputs.map((input, index): RawTensor => ({
        ...input,
        raw: raw[index] ?? new Uint8Array(),
      }));
      return buildInferResponse({ modelName, modelVersion: '7', id, outputs });
    },
    ...options,
  });
  return { ...rig, asked };
}

const HEADER = 'Inference-Header-Content-Length';

interface Exchanged {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** A request as the stock clients make it: nothing is decompressed or added. */
function post(url: string, body: Buffer, headers: Record<string, string | number> = {}): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(url, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    call.on('error', reject).end(body);
  });
}

function binaryBody(
  request: object,
  ...tensors: Uint8Array[]
): { body: Buffer; headers: Record<string, number> } {
  const json = Buffer.from(JSON.stringify(request));
  return { body: Buffer.concat([json, ...tensors]), headers: { [HEADER]: json.length } };
}

const floats = encodeElements('FP32', [1, 2.5, -3, 4]);
const words = encodeElements('BYTES', [Buffer.from('hé'), Buffer.from('')]);

describe('inference over HTTP', () => {
  it('takes and gives JSON', async () => {
    const { url, asked } = await echo();
    const answer = await postJson(`${url}/v2/models/m/versions/3/infer`, {
      id: '42',
      parameters: { priority: 1 },
      inputs: [
        {
          name: 'x',
          datatype: 'FP32',
          shape: [2, 2],
          data: [
            [1, 2.5],
            [-3, 4],
          ],
          parameters: { hint: 'a' },
        },
        { name: 'w', datatype: 'BYTES', shape: [2], data: ['hé', ''] },
      ],
      outputs: [{ name: 'x', parameters: { classification: 2 } }, { name: 'w' }],
    });
    expect(JSON.parse(answer.text)).toEqual({
      id: '42',
      model_name: 'm',
      model_version: '7',
      outputs: [
        { name: 'x', datatype: 'FP32', shape: [2, 2], data: [1, 2.5, -3, 4] },
        { name: 'w', datatype: 'BYTES', shape: [2], data: ['hé', ''] },
      ],
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.has(HEADER)).toBe(false);
    const [request] = asked as [InferRequestView];
    expect(request).toMatchObject({ modelName: 'm', modelVersion: '3', id: '42' });
    expect([...readParameters(request.parameters)]).toEqual([['priority', 1n]]);
    expect([...readParameters(request.inputs[0]?.parameters ?? [])]).toEqual([['hint', 'a']]);
    expect([...readParameters(request.outputs[0]?.parameters ?? [])]).toEqual([['classification', 2n]]);
  });

  it('keeps integers of 64 bits exact both ways', async () => {
    const { url } = await echo();
    const data = '9223372036854775807,-9223372036854775808,9007199254740993';
    const answer = await postJson(
      `${url}/v2/models/m/infer`,
      `{"inputs":[{"name":"x","datatype":"INT64","shape":[3],"data":[${data}]}]}`,
    );
    expect(answer.text).toContain(`"data":[${data}]`);
  });

  it('takes and gives binary tensors among JSON ones', async () => {
    const { url, asked } = await echo();
    const { body, headers } = binaryBody(
      {
        inputs: [
          { name: 'x', datatype: 'FP32', shape: [4], parameters: { binary_data_size: 16 } },
          { name: 'j', datatype: 'INT8', shape: [1], data: [5] },
          { name: 'w', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: words.length } },
        ],
        outputs: [
          { name: 'x', parameters: { binary_data: true } },
          { name: 'j', parameters: { binary_data: false } },
        ],
        parameters: { binary_data_output: true },
      },
      floats,
      words,
    );
    const answer = await post(`${url}/v2/models/m/infer`, body, headers);
    const jsonBytes = Number(answer.headers[HEADER.toLowerCase()]);
    expect(JSON.parse(answer.body.toString('utf8', 0, jsonBytes))).toEqual({
      model_name: 'm',
      model_version: '7',
      outputs: [
        { name: 'x', datatype: 'FP32', shape: [4], parameters: { binary_data_size: 16 } },
        { name: 'j', datatype: 'INT8', shape: [1], data: [5] },
        { name: 'w', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: words.length } },
      ],
    });
    expect(answer.body.subarray(jsonBytes)).toEqual(Buffer.concat([floats, words]));
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(asked[0]?.raw.map((raw) => Buffer.from(raw))).toEqual([floats, Buffer.from([5]), words]);
    expect(asked[0]?.parameters).toEqual([]);
    expect(asked[0]?.inputs[0]?.parameters).toEqual([]);
  });

  it('takes a body that is nothing but the elements of the only input', async () => {
    const modelMetadata = () => ({ inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n, 2n] }] });
    const { url, asked } = await echo({ modelMetadata });
    const answer = await post(`${url}/v2/models/m/infer`, floats, { [HEADER]: 0 });
    expect(asked[0]?.inputs).toMatchObject([{ name: 'x', datatype: 'FP32', shape: [2, 2] }]);
    const jsonBytes = Number(answer.headers[HEADER.toLowerCase()]);
    expect(answer.body.subarray(jsonBytes)).toEqual(floats);
  });

  it.each(['gzip', 'deflate'] as const)('takes and gives %s', async (coding) => {
    const { url } = await echo();
    const data = Array.from({ length: 500 }, (_, index) => index);
    const request = JSON.stringify({ inputs: [{ name: 'x', datatype: 'INT32', shape: [500], data }] });
    const body = coding === 'gzip' ? gzipSync(request) : deflateSync(request);
    const answer = await post(`${url}/v2/models/m/infer`, body, {
      'content-encoding': coding,
      'accept-encoding': coding,
    });
    expect(answer.headers['content-encoding']).toBe(coding);
    const plain = coding === 'gzip' ? gunzipSync(answer.body) : inflateSync(answer.body);
    expect(JSON.parse(plain.toString())).toMatchObject({ outputs: [{ data }] });
    expect(plain.length).toBeGreaterThan(answer.body.length);
  });

  it('compresses binary answers whose header counts the JSON before it', async () => {
    const { url } = await echo();
    const raw = Buffer.alloc(8_000);
    const { body, headers } = binaryBody(
      {
        inputs: [{ name: 'x', datatype: 'UINT8', shape: [8_000], parameters: { binary_data_size: 8_000 } }],
        parameters: { binary_data_output: true },
      },
      raw,
    );
    const answer = await post(`${url}/v2/models/m/infer`, body, { ...headers, 'accept-encoding': 'gzip' });
    const plain = gunzipSync(answer.body);
    expect(plain.subarray(Number(answer.headers[HEADER.toLowerCase()]))).toEqual(raw);
  });

  it('gives response and output parameters', async () => {
    const { url } = await serve({
      modelInfer: () => ({
        modelName: 'm',
        modelVersion: '1',
        parameters: { cached: { parameterChoice: { case: 'boolParam', value: true } } },
        outputs: [
          {
            name: 'y',
            datatype: 'FP32',
            shape: [1n],
            parameters: { labels: { parameterChoice: { case: 'uint64Param', value: 2n ** 64n - 1n } } },
            contents: { fp32Contents: [0.5] },
          },
        ],
      }),
    });
    const { text } = await postJson(`${url}/v2/models/m/infer`, { inputs: [] });
    expect(text).toBe(
      '{"model_name":"m","model_version":"1","parameters":{"cached":true},"outputs":' +
        '[{"name":"y","datatype":"FP32","shape":[1],"parameters":{"labels":18446744073709551615},"data":[0.5]}]}',
    );
  });

  it.each([
    ['an empty body', '', {}, 'MALFORMED_JSON'],
    ['text', 'hello', {}, 'MALFORMED_JSON'],
    ['a header beyond the body', '{}', { [HEADER]: 3 }, 'BINARY_DATA_INVALID'],
    ['a header that is no number', '{}', { [HEADER]: 'x' }, 'HEADER_INVALID'],
    ['bytes that nobody speaks of', '{"inputs":[]}x', { [HEADER]: 13 }, 'BINARY_DATA_INVALID'],
    ['a header that cuts the JSON', '{"inputs":[]}', { [HEADER]: 5 }, 'MALFORMED_JSON'],
    ['a coding that is none', '{}', { 'content-encoding': 'gzip' }, 'ENCODING_INVALID'],
    ['a timeout that is none', '{}', { 'plumbline-timeout-ms': 'soon' }, 'HEADER_INVALID'],
    ['an input that is no tensor', '{"inputs":[{}]}', {}, 'REQUEST_INVALID'],
    [
      'data that does not fit',
      '{"inputs":[{"name":"x","datatype":"INT8","shape":[1],"data":[300]}]}',
      {},
      'TENSOR_DATA_INVALID',
    ],
  ])('refuses %s with 400', async (_what, body, headers, reason) => {
    const { url, asked } = await echo();
    const answer = await post(`${url}/v2/models/m/infer`, Buffer.from(body), headers);
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([
      400,
      expect.objectContaining({ reason }),
    ]);
    expect(asked).toEqual([]);
  });

  it('refuses codings that it does not know with 415', async () => {
    const { url } = await echo();
    const answer = await post(`${url}/v2/models/m/infer`, Buffer.from('{}'), { 'content-encoding': 'br' });
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([
      415,
      expect.objectContaining({ reason: 'ENCODING_UNSUPPORTED' }),
    ]);
  });

  it('refuses a compressed body that is cut off', async () => {
    const { url } = await echo();
    const whole = gzipSync('{"inputs":[]}');
    const answer = await post(`${url}/v2/models/m/infer`, whole.subarray(0, 20), {
      'content-encoding': 'gzip',
    });
    expect(JSON.parse(answer.body.toString())).toMatchObject({ reason: 'ENCODING_INVALID' });
  });

  it('refuses answers that JSON cannot express or that take too much of it', async () => {
    const bytes = encodeElements('BYTES', [Uint8Array.of(0xff)]);
    const { url } = await echo({ limits: { maxAnswerJsonBytes: 200 } });
    const notText = binaryBody(
      {
        inputs: [
          { name: 'x', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: bytes.length } },
        ],
      },
      bytes,
    );
    expect(
      JSON.parse((await post(`${url}/v2/models/m/infer`, notText.body, notText.headers)).body.toString()),
    ).toMatchObject({
      reason: 'OUTPUT_NOT_TEXT',
    });
    const large = { name: 'x', datatype: 'INT8', shape: [100], data: Array.from({ length: 100 }, () => 100) };
    expect(JSON.parse((await postJson(`${url}/v2/models/m/infer`, { inputs: [large] })).text)).toMatchObject({
      reason: 'ANSWER_TOO_LARGE',
    });
  });
});
