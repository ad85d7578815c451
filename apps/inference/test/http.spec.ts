import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { timesModel } from './models.ts';
import { floats } from './replica.ts';
import { modelFolder, startStandalone, type Standalone } from './standalone.ts';

let server: Standalone;
let url: string;

beforeEach(async () => {
  const { root } = await modelFolder({ 'double/3/model.onnx': timesModel(2) });
  server = await startStandalone(root);
  const port = await eventually(
    () => server.log.lines.find(({ message }) => message === 'serving HTTP')?.fields['port'] as number,
  );
  url = `http://127.0.0.1:${port}/v2`;
  await server.ready();
});

afterEach(async () => {
  await server.stop();
});

const json = async (path: string, request?: object): Promise<unknown> => {
  const post = request === undefined ? {} : { method: 'POST', body: JSON.stringify(request) };
  return (await fetch(url + path, post)).json();
};

describe('a replica over HTTP', () => {
  it('says that it takes binary tensors, and what it serves', async () => {
    expect(await json('')).toMatchObject({
      name: 'plumbline',
      extensions: expect.arrayContaining(['binary_tensor_data', 'statistics']),
    });
    expect(await json('/health/ready')).toEqual({ live: true, ready: true });
    expect(await json('/models/double')).toMatchObject({
      versions: ['3'],
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
    });
  });

  it('infers JSON, binary and raw bodies alike, and counts them', async () => {
    const x = { name: 'x', datatype: 'FP32', shape: [1, 2] };
    expect(await json('/models/double/infer', { id: 'a', inputs: [{ ...x, data: [1.5, -2] }] })).toEqual({
      id: 'a',
      model_name: 'double',
      model_version: '3',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [3, -4] }],
    });
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ ...x, parameters: { binary_data_size: 8 } }],
        parameters: { binary_data_output: true },
      }),
    );
    for (const part of [head, Buffer.alloc(0)]) {
      const answer = await fetch(`${url}/models/double/infer`, {
        method: 'POST',
        body: Buffer.concat([part, floats(1.5, -2)]),
        headers: { 'inference-header-content-length': String(part.length) },
      });
      const jsonBytes = Number(answer.headers.get('inference-header-content-length'));
      expect(Buffer.from(await answer.arrayBuffer()).subarray(jsonBytes)).toEqual(floats(3, -4));
      expect(answer.headers.get('plumbline-execution')).toMatch(/^digest=sha256:/);
    }
    expect(await json('/models/double/stats')).toMatchObject({
      model_stats: [
        { name: 'double', version: '3', inference_count: 3, inference_stats: { success: { count: 3 } } },
      ],
    });
  });

  it('refuses as it does over gRPC', async () => {
    const wrong = { inputs: [{ name: 'x', datatype: 'FP64', shape: [1, 2], data: [1, 2] }] };
    expect(await json('/models/double/infer', wrong)).toMatchObject({ reason: 'DATATYPE_MISMATCH' });
    expect(await json('/models/other/infer', wrong)).toMatchObject({ reason: 'MODEL_NOT_FOUND' });
    const answer = await fetch(url, { headers: { authorization: 'Bearer nonsense' } });
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ reason: 'CREDENTIALS_INVALID' }),
    ]);
  });
});
