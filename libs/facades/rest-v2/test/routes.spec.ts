import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { Registry } from 'prom-client';
import { errors } from './errors.ts';
import { closeAll, postJson, serve, type RigOptions } from './rig.ts';

afterEach(closeAll);

async function get(methods: RigOptions, path: string) {
  const { url } = await serve(methods);
  const response = await fetch(url + path);
  return { status: response.status, headers: response.headers, json: await response.json() };
}

describe('health', () => {
  it.each([
    ['/v2/health/live', { serverLive: () => ({ live: true }) }, 200, { live: true }],
    ['/v2/health/ready', { serverReady: () => ({ ready: true }) }, 200, { live: true, ready: true }],
    ['/v2/health/ready', { serverReady: () => ({ ready: false }) }, 503, { live: true, ready: false }],
    ['/v2/models/m/ready', { modelReady: () => ({ ready: true }) }, 200, { name: 'm', ready: true }],
    ['/v2/models/m/ready', { modelReady: () => ({ ready: false }) }, 503, { name: 'm', ready: false }],
  ] as const)('%s says the answer by its status', async (path, methods, status, json) => {
    expect(await get(methods, path)).toMatchObject({ status, json });
  });

  it('asks for the version in the path', async () => {
    const modelReady = ({ name, version }: { name: string; version: string }) => ({
      ready: name === 'm' && version === '7',
    });
    expect(await get({ modelReady }, '/v2/models/m/versions/7/ready')).toMatchObject({ status: 200 });
  });
});

describe('metadata', () => {
  it('describes the server, with and without a slash', async () => {
    const serverMetadata = () => ({ name: 'plumbline', version: '1', extensions: ['statistics'] });
    const { url } = await serve({ serverMetadata });
    for (const path of ['/v2', '/v2/']) {
      const response = await fetch(url + path);
      expect(await response.json()).toEqual({ name: 'plumbline', version: '1', extensions: ['statistics'] });
      expect(response.headers.get('content-type')).toBe('application/json');
    }
  });

  it('is not compressed, because stock clients that say they take gzip do not undo it here', async () => {
    const extensions = Array.from({ length: 200 }, (_, index) => `extension ${index}`);
    const { headers, json } = await get(
      { serverMetadata: () => ({ name: 'plumbline', version: '1', extensions }) },
      '/v2',
    );
    expect(headers.get('content-encoding')).toBeNull();
    expect(json).toMatchObject({ extensions });
  });

  it('describes a model whose name needs escaping', async () => {
    const { json } = await get(
      {
        modelMetadata: ({ name, version }) => ({
          name,
          versions: [version],
          platform: 'onnxruntime_onnx',
          inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n, 4n] }],
          outputs: [{ name: 'y', datatype: 'INT64', shape: [-1n] }],
          properties: { digest: 'sha256:1' },
        }),
      },
      '/v2/models/a%2Fb%20%C3%BC/versions/3',
    );
    expect(json).toEqual({
      name: 'a/b ü',
      versions: ['3'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'y', datatype: 'INT64', shape: [-1] }],
      properties: { digest: 'sha256:1' },
    });
  });

  it('gives the configuration without the response around it', async () => {
    const { json } = await get(
      { modelConfig: ({ name }) => ({ config: { name, maxBatchSize: 8 } }) },
      '/v2/models/m/config',
    );
    expect(json).toMatchObject({ name: 'm', max_batch_size: 8 });
  });

  it.each([
    ['/v2/models/stats', '', ''],
    ['/v2/models/m/stats', 'm', ''],
    ['/v2/models/m/versions/2/stats', 'm', '2'],
  ])('gives the statistics of %s', async (path, name, version) => {
    const modelStatistics = (request: { name: string; version: string }) => ({
      modelStats: [{ ...request, inferenceCount: 3n, inferenceStats: { success: { count: 1n, ns: 5n } } }],
    });
    const { json } = await get({ modelStatistics }, path);
    expect(json).toMatchObject({
      model_stats: [{ name, version, inference_count: 3, inference_stats: { success: { count: 1, ns: 5 } } }],
    });
  });
});

describe('the repository', () => {
  const models = [{ name: 'm', version: '1', state: 'READY', reason: '' }];

  it('is listed as it is', async () => {
    const { url } = await serve({ repositoryIndex: ({ ready }) => ({ models: ready ? [] : models }) });
    expect(JSON.parse((await postJson(`${url}/v2/repository/index`, '')).text)).toEqual(models);
    expect(JSON.parse((await postJson(`${url}/v2/repository/index`, { ready: true })).text)).toEqual([]);
  });

  it('loads a model with the files and settings given', async () => {
    const loads: unknown[] = [];
    const { url } = await serve({
      repositoryModelLoad: ({ modelName, parameters }) => {
        const given = Object.entries(parameters).map(([key, { parameterChoice }]) => [
          key,
          parameterChoice.case,
          parameterChoice.value,
        ]);
        loads.push([modelName, ...given]);
        return {};
      },
    });
    const parameters = {
      config: '{}',
      'file:1/model.onnx': Buffer.from('onnx').toString('base64'),
      depth: 3,
      dry: true,
    };
    const answer = await postJson(`${url}/v2/repository/models/m/load`, { parameters });
    expect(answer).toMatchObject({ status: 200, text: '{}' });
    expect((await postJson(`${url}/v2/repository/models/n/load`, '')).status).toBe(200);
    expect(loads).toEqual([
      [
        'm',
        ['config', 'stringParam', '{}'],
        ['file:1/model.onnx', 'bytesParam', new Uint8Array(Buffer.from('onnx'))],
        ['depth', 'int64Param', 3n],
        ['dry', 'boolParam', true],
      ],
      ['n'],
    ]);
  });

  it.each([
    ['no base64', { parameters: { 'file:1/a': 'a$==' } }],
    ['a fraction', { parameters: { depth: 0.5 } }],
    ['65 bits', '{"parameters":{"depth":9223372036854775808}}'],
    ['null', { parameters: { config: null } }],
    ['a list', []],
  ])('refuses to load with %s', async (_what, body) => {
    const { url } = await serve({ repositoryModelLoad: () => ({}) });
    const { status, text } = await postJson(`${url}/v2/repository/models/m/load`, body);
    expect([status, JSON.parse(text)]).toEqual([400, expect.objectContaining({ reason: 'REQUEST_INVALID' })]);
  });

  it.each(['load', 'unload'])('refuses to %s with members beside the parameters, by name', async (what) => {
    const { url } = await serve({ repositoryModelLoad: () => ({}), repositoryModelUnload: () => ({}) });
    for (const name of ['config', 'file:1/model.onnx', 'unload_dependents']) {
      const { status, text } = await postJson(`${url}/v2/repository/models/m/${what}`, {
        parameters: {},
        [name]: '{}',
      });
      expect(status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({
        reason: 'REQUEST_INVALID',
        error: expect.stringContaining(`${name} is no member of this request`),
      });
    }
  });

  it('unloads a model', async () => {
    const unloaded: string[] = [];
    const { url } = await serve({
      repositoryModelUnload: ({ modelName }) => {
        unloaded.push(modelName);
        return {};
      },
    });
    await postJson(`${url}/v2/repository/models/m/unload`, { parameters: { unload_dependents: false } });
    expect(unloaded).toEqual(['m']);
  });
});

describe('what goes wrong', () => {
  it('leaves with its code as status, its text and its reason', async () => {
    const modelMetadata = (): never => {
      throw errors.MODEL_NOT_FOUND('no model "m"');
    };
    expect(await get({ modelMetadata }, '/v2/models/m')).toMatchObject({
      status: 404,
      json: { error: 'no model "m"', reason: 'MODEL_NOT_FOUND' },
    });
  });

  it('says when to try again', async () => {
    const modelMetadata = (): never => {
      throw errors.QUEUE_FULL('full', { retryAfterMs: 1_200 });
    };
    const { status, headers } = await get({ modelMetadata }, '/v2/models/m');
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
  });

  it('keeps defects to itself', async () => {
    const modelMetadata = (): never => {
      throw new Error('secret');
    };
    expect(await get({ modelMetadata }, '/v2/models/m')).toMatchObject({
      status: 500,
      json: { error: 'internal error', reason: 'INTERNAL' },
    });
  });

  it.each([
    ['GET', '/', 404, 'ROUTE_NOT_FOUND'],
    ['GET', '/v2/nothing', 404, 'ROUTE_NOT_FOUND'],
    ['GET', '/v2/models/%ff', 400, 'MALFORMED_HTTP'],
    ['POST', '/v2/health/live', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/v2/models/m/infer', 405, 'METHOD_NOT_ALLOWED'],
    ['DELETE', '/v2/models/m', 405, 'METHOD_NOT_ALLOWED'],
    ['GET', '/v2/health/live', 501, 'METHOD_NOT_FOUND'],
    ['POST', '/v2/models/m/generate', 501, 'NOT_OFFERED'],
    ['GET', '/v2/systemsharedmemory/status', 501, 'NOT_OFFERED'],
    ['POST', '/v2/cudasharedmemory/region/r/register', 501, 'NOT_OFFERED'],
    ['GET', '/v2/trace/setting', 501, 'NOT_OFFERED'],
    ['POST', '/v2/logging', 501, 'NOT_OFFERED'],
  ])('%s %s: %d %s', async (method, path, status, reason) => {
    const { url } = await serve();
    const response = await fetch(url + path, { method });
    expect([response.status, await response.json()]).toEqual([status, expect.objectContaining({ reason })]);
  });

  it('names the methods that are allowed', async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/v2/models/m/infer`);
    expect(response.headers.get('allow')).toBe('POST');
    expect((await fetch(`${url}/v2/models/m`, { method: 'PUT' })).headers.get('allow')).toBe('GET, HEAD');
  });

  it('answers HEAD as GET, without the body', async () => {
    const { url } = await serve({ serverLive: () => ({ live: true }) });
    const response = await fetch(`${url}/v2/health/live`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

describe('who asks', () => {
  it('is found by the chain of the method, before the body is read', async () => {
    let reads = 0;
    const { url } = await serve({
      infer: (request) => {
        reads++;
        return request;
      },
      authenticate: (metadata) => {
        if (metadata.get('authorization') !== 'Bearer good') throw errors.WHO('who?');
        return {
          caller: { id: 'a', kind: 'api-key', scopes: [] },
          tenant: metadata.get('plumbline-tenant') ?? '',
        };
      },
      modelMetadata: (_request, { tenant }) => ({ name: tenant }),
    });
    const refused = await postJson(`${url}/v2/models/m/infer`, 'not even JSON');
    expect([refused.status, JSON.parse(refused.text)]).toEqual([401, { error: 'who?', reason: 'WHO' }]);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(reads).toBe(0);
    const headers = { authorization: 'Bearer good', 'plumbline-tenant': 'acme' };
    const answer = await fetch(`${url}/v2/models/m`, { headers });
    expect(await answer.json()).toMatchObject({ name: 'acme' });
  });

  it('is no web page', async () => {
    const unloaded: unknown[] = [];
    const { url } = await serve({
      repositoryModelUnload: (request) => {
        unloaded.push(request);
        return {};
      },
    });
    const answer = await postJson(`${url}/v2/repository/models/m/unload`, '', {
      origin: 'http://evil.example',
    });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      403,
      expect.objectContaining({ reason: 'ORIGIN_REFUSED' }),
    ]);
    expect(unloaded).toEqual([]);
  });

  it('hears of trailers in headers, on success and on failure', async () => {
    const { url } = await serve({
      modelMetadata: ({ name }, { responseTrailers }) => {
        responseTrailers.set('plumbline-replica', 'r1');
        responseTrailers.set('content-length', '7');
        if (name === 'x') throw errors.MODEL_NOT_FOUND('no');
        return { name };
      },
    });
    for (const name of ['m', 'x']) {
      expect((await fetch(`${url}/v2/models/${name}`)).headers.get('plumbline-replica')).toBe('r1');
    }
  });
});

describe('the measure of requests', () => {
  it('is by route, method and status, and made up by no client', async () => {
    const metrics = new Registry();
    const { url } = await serve({ metrics, modelReady: ({ name }) => ({ ready: name === 'm' }) });
    for (const path of ['/v2/models/m/ready', '/v2/models/x/ready', '/v2/made/up', '/v2/made/%ff']) {
      await fetch(url + path);
    }
    await fetch(`${url}/v2/models/m/infer`);
    const text = await eventually(async () => {
      const measured = await metrics.metrics();
      return measured.includes('"405"') && measured;
    });
    const counts = [...text.matchAll(/seconds_count\{([^}]*)\} (\d+)/g)].map(
      ([, labels, count]) => `${labels} ${count}`,
    );
    expect(counts.map((line) => line.replaceAll(/http_\w+="([^"]*)",?/g, '$1 ')).sort()).toEqual(
      [
        '/v2/models/:model/ready GET 200  1',
        '/v2/models/:model/ready GET 503  1',
        '/v2/models/:model/infer GET 405  1',
        '_OTHER _OTHER 404  1',
      ].sort(),
    );
  });
});
