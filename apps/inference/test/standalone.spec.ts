import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { rawUnary, serviceToken } from '@plumbline/rpc';
import { buildInferRequest, parseInferResponse, rawOutputs } from '@plumbline/tensors';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { config } from '../src/config.ts';
import { pickyModel, timesModel } from './models.ts';
import { floats, numbersOf } from './replica.ts';
import { modelFolder, startStandalone, type Standalone } from './standalone.ts';

async function withStandalone(
  root: string,
  test: (server: Standalone) => Promise<void>,
  settings?: Readonly<Record<string, string>>,
): Promise<void> {
  const server = await startStandalone(root, settings);
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

describe('a replica of a folder of models', () => {
  it('serves the newest version of every model to callers without credentials', async () => {
    const { root } = await modelFolder({
      'double/1/model.onnx': timesModel(3),
      'double/2/model.onnx': timesModel(2),
      'triple/7/model.onnx': timesModel(3),
      'triple/notes/readme.txt': 'no version',
      'triple/7/.cache/model (1).onnx': 'hidden',
      'readme.txt': 'no model',
    });
    await withStandalone(root, async (server) => {
      await server.ready();
      expect(await server.infer('double', [[1, 2]])).toEqual({ version: '2', y: [2, 4] });
      expect(await server.infer('triple', [[1, 2]], '7')).toEqual({ version: '7', y: [3, 6] });
      await expect(server.infer('double', [[1, 2]], '1')).rejects.toMatchObject({
        reason: 'MODEL_NOT_FOUND',
        message: expect.stringContaining('the model "double" has no version "1" here'),
      });
      await expect(server.infer('quadruple', [[1, 2]])).rejects.toMatchObject({
        reason: 'MODEL_NOT_FOUND',
        message: expect.stringContaining('there is no model "quadruple" here'),
      });
      expect(await server.oip.modelMetadata({ name: 'double' })).toMatchObject({ versions: ['2'] });
    });
  });

  it('serves the others where one model cannot be served', async () => {
    const outside = await modelFolder({ 'model.onnx': timesModel(2) });
    const { root } = await modelFolder({
      'broken/1/model.onnx': 'no model',
      'double/1/model.onnx': timesModel(2),
      'linked/1/readme.txt': '',
      'typo/1/model.onnx': timesModel(2),
      'typo/config.pbtxt': 'name: "typo"\nmax_batch_sise: 8\n',
    });
    await symlink(join(outside.root, 'model.onnx'), join(root, 'linked/1/model.onnx'));
    await withStandalone(root, async (server) => {
      await server.ready();
      expect(await server.infer('double', [[1, 2]])).toMatchObject({ y: [2, 4] });
      const reasons: Readonly<Record<string, string>> = {
        broken: 'could not be loaded: MODEL_INVALID: model.onnx: ',
        linked: 'could not be loaded: REPOSITORY_INVALID: "linked/1/model.onnx" leads out',
        typo: 'could not be loaded: MODEL_CONFIG_INVALID: config.pbtxt:2:1: ',
      };
      for (const [model, reason] of Object.entries(reasons)) {
        await expect(server.infer(model, [[1, 2]])).rejects.toMatchObject({
          codeName: 'UNAVAILABLE',
          reason: 'MODEL_NOT_READY',
          message: expect.stringContaining(reason),
        });
      }
      const problem = server.log.lines.find(({ fields }) => fields['model'] === 'linked');
      expect(problem?.fields['error']).toMatchObject({ reason: 'REPOSITORY_INVALID' });
    });
  });

  it('serves the others where a folder is a link to itself, at start and later', async () => {
    const { root } = await modelFolder({ 'double/1/model.onnx': timesModel(2) });
    await symlink('circle', join(root, 'circle'));
    const problemOf = (server: Standalone, name: string) =>
      server.log.lines.find(({ fields }) => fields['model'] === name)?.fields['error'];
    await withStandalone(
      root,
      async (server) => {
        await server.ready();
        expect(problemOf(server, 'circle')).toMatchObject({ reason: 'REPOSITORY_INVALID' });
        await symlink('later', join(root, 'later'));
        await eventually(() => problemOf(server, 'later'));
        expect(await server.infer('double', [[1, 2]])).toMatchObject({ y: [2, 4] });
      },
      { MODEL_CONTROL_MODE: 'poll' },
    );
  });

  it('serves a model as its configuration says', async () => {
    const { root } = await modelFolder({
      'm/config.pbtxt': `
        max_batch_size: 4
        version_policy { all { } }
        input { name: "x" data_type: TYPE_FP32 dims: 2 }
        model_warmup { name: "w" inputs { key: "x" value { data_type: TYPE_FP32 dims: 2 random_data: true } } }
        instance_group { kind: KIND_CPU count: 2 }`,
      'm/1/model.onnx': timesModel(2),
      'm/2/model.onnx': timesModel(3),
      'renamed/config.pbtxt': 'default_model_filename: "net.onnx"',
      'renamed/1/net.onnx': timesModel(5),
    });
    await withStandalone(root, async (server) => {
      await server.ready();
      expect(await server.infer('m', [[1, 2]])).toEqual({ version: '2', y: [3, 6] });
      expect(await server.infer('m', [[1, 2]], '1')).toEqual({ version: '1', y: [2, 4] });
      expect(await server.infer('renamed', [[1, 2]])).toMatchObject({ y: [5, 10] });
    });
  });

  it('answers in the shape of its configuration where the model has another', async () => {
    const { root } = await modelFolder({
      'm/config.pbtxt': `
        max_batch_size: 4
        input { name: "x" data_type: TYPE_FP32 dims: [ 1, 2 ] reshape { shape: [ 2 ] } }
        output { name: "y" data_type: TYPE_FP32 dims: [ 2, 1 ] reshape { shape: [ 2 ] } }`,
      'm/1/model.onnx': timesModel(2),
    });
    await withStandalone(root, async ({ ready, oip }) => {
      await ready();
      const metadata = await oip.modelMetadata({ name: 'm' });
      expect(metadata.inputs[0]?.shape).toEqual([-1n, 1n, 2n]);
      expect(metadata.outputs[0]?.shape).toEqual([-1n, 2n, 1n]);
      const { config: shown } = await oip.modelConfig({ name: 'm' });
      expect(shown?.output[0]).toMatchObject({ dims: [2n, 1n], reshape: { shape: [2n] } });
      const { outputs } = await oip.modelInfer({
        modelName: 'm',
        inputs: [
          {
            name: 'x',
            datatype: 'FP32',
            shape: [3n, 1n, 2n],
            contents: { fp32Contents: [1, 2, 3, 4, 5, 6] },
          },
        ],
      });
      expect(outputs[0]?.shape).toEqual([3n, 2n, 1n]);
    });
  });

  it('answers as the version that was asked for where two are the same bytes', async () => {
    const { root } = await modelFolder({
      'm/config.pbtxt': 'version_policy { all { } }',
      'm/1/model.onnx': timesModel(2),
      'm/2/model.onnx': timesModel(2),
    });
    await withStandalone(root, async ({ ready, infer, oip }) => {
      await ready();
      const asked = ['1', '2', ''];
      const versions = asked.map(async (version) => (await infer('m', [[1, 2]], version)).version);
      expect(await Promise.all(versions)).toEqual(['1', '2', '2']);
      for (const version of asked) {
        const { modelStats } = await oip.modelStatistics({ name: 'm', version });
        expect(modelStats.map((stats) => stats.version)).toEqual(version === '' ? ['1', '2'] : [version]);
        expect((await oip.modelMetadata({ name: 'm', version })).versions.sort()).toEqual(['1', '2']);
        expect((await oip.modelConfig({ name: 'm', version })).config).toMatchObject({ name: 'm' });
      }
    });
  });

  it('refuses by name what a configuration asks for in vain', async () => {
    const { root } = await modelFolder({
      'foreign/config.pbtxt': 'sequence_batching { }',
      'foreign/1/model.onnx': timesModel(2),
      'wrong/config.pbtxt': 'input { name: "x" data_type: TYPE_FP32 dims: 3 }',
      'wrong/1/model.onnx': timesModel(2),
      'named/config.pbtxt': 'name: "other"',
      'named/1/model.onnx': timesModel(2),
      'cold/config.pbtxt':
        'model_warmup { name: "w" inputs { key: "z" value { zero_data: true data_type: TYPE_FP32 } } }',
      'cold/1/model.onnx': timesModel(2),
    });
    await withStandalone(root, async (server) => {
      await server.ready();
      const problem = server.log.lines.find(({ fields }) => fields['model'] === 'foreign');
      expect((problem?.fields['error'] as Error).message).toContain(
        "1:1: sequence_batching is a field of Triton's that this server does not offer",
      );
      const named = server.log.lines.find(({ fields }) => fields['model'] === 'named');
      expect((named?.fields['error'] as Error).message).toBe(
        'config.pbtxt:1:1: name is "other", but the model is "named"',
      );
      const failures = server.log.lines
        .filter(({ fields }) => fields['state'] === 'FAILED')
        .map(({ fields }) => fields['error'])
        .sort();
      expect(failures).toEqual([
        'config.pbtxt:1:33: model_warmup[0].inputs["z"] is no input of the model',
        'config.pbtxt:1:40: input[0].dims is [3]; "x" of the model has [2] after the batch dimension',
      ]);
    });
  });

  it('tries a model without rows before it serves, and says so where that takes nothing that is made up', async () => {
    const { root } = await modelFolder({
      'picky/1/model.onnx': pickyModel(),
      'fixed/1/model.onnx': timesModel(2),
      'fixed/config.pbtxt': 'max_batch_size: 0',
    });
    await withStandalone(root, async (server) => {
      await server.ready();
      const refused = server.log.lines.filter(({ message }) => message.startsWith('the model refused all'));
      expect(refused.map(({ fields }) => [fields['model'], fields['modelVersion']])).toEqual([
        ['picky', '1'],
      ]);
      expect(refused[0]?.fields['error']).toMatch(/out of data bounds/);
      const inputs = [
        { name: 'x', datatype: 'FP32', shape: [1], raw: floats(7) },
        { name: 'at', datatype: 'INT64', shape: [8], raw: new Uint8Array(64) },
      ];
      const request = buildInferRequest({ modelName: 'picky', inputs });
      const { response } = await rawUnary(
        server.channel,
        'inference.GRPCInferenceService/ModelInfer',
        request,
        {},
      );
      expect(rawOutputs(parseInferResponse(response)).map(numbersOf)).toEqual([Array(8).fill(7)]);
    });
  });

  it('follows the folder where it is polled, and keeps what serves when a new version fails', async () => {
    const folder = await modelFolder({ 'm/1/model.onnx': timesModel(2) });
    const answers = (server: Standalone) => server.infer('m', [[1, 1]]);
    await withStandalone(
      folder.root,
      async (server) => {
        await server.ready();
        await folder.put('m/1/model.onnx', timesModel(3));
        await eventually(async () => (await answers(server)).y[0] === 3);
        await folder.put('m/2/model.onnx', 'no model');
        await eventually(() => server.log.lines.find(({ fields }) => fields['state'] === 'FAILED'));
        expect(await answers(server)).toEqual({ version: '1', y: [3, 3] });
        await folder.put('m/2/model.onnx', timesModel(4));
        await eventually(async () => (await answers(server)).y[0] === 4);
        await rm(join(folder.root, 'm'), { recursive: true });
        await eventually(async () => !(await server.oip.modelReady({ name: 'm' })).ready);
        await expect(answers(server)).rejects.toMatchObject({ codeName: 'NOT_FOUND' });
      },
      { MODEL_CONTROL_MODE: 'poll' },
    );
  });

  it('loads the models named where its callers decide', async () => {
    const { root } = await modelFolder({
      'double/1/model.onnx': timesModel(2),
      'triple/1/model.onnx': timesModel(3),
    });
    const settings = { MODEL_CONTROL_MODE: 'explicit', LOAD_MODELS: 'triple' };
    await withStandalone(
      root,
      async (server) => {
        await server.ready();
        expect(await server.infer('triple', [[1, 2]])).toMatchObject({ y: [3, 6] });
        await expect(server.infer('double', [[1, 2]])).rejects.toMatchObject({ reason: 'MODEL_NOT_FOUND' });
      },
      settings,
    );
  });

  it('admits services by the secret that it has, and refuses credentials that it cannot check', async () => {
    const { root } = await modelFolder({ 'double/1/model.onnx': timesModel(2) });
    const call = (server: Standalone, secret: string) =>
      server.oip.modelReady(
        { name: 'double' },
        { tenant: 'default', metadata: { authorization: serviceToken('gateway', secret) } },
      );
    await withStandalone(root, async (server) => {
      await expect(call(server, 's')).rejects.toMatchObject({ reason: 'CREDENTIALS_INVALID' });
    });
    await withStandalone(
      root,
      async (server) => {
        await eventually(async () => (await call(server, 's')).ready);
        await expect(call(server, 'other')).rejects.toMatchObject({ reason: 'CREDENTIALS_INVALID' });
        await expect(server.infer('double', [[1, 2]])).rejects.toMatchObject({
          reason: 'CREDENTIALS_MISSING',
        });
      },
      { SERVICE_SECRET: 's', ANONYMOUS_TENANT: '-' },
    );
  });

  it('is not ready while its folder is away, and takes it up when it comes', async () => {
    const root = join(await temporaryDirectory(), 'later');
    const late = startStandalone(root);
    const folder = await modelFolder({ 'double/1/model.onnx': timesModel(2) });
    await symlink(folder.root, root);
    const server = await late;
    await server.ready();
    expect(await server.infer('double', [[1, 2]])).toMatchObject({ y: [2, 4] });
    await server.stop();
  });
});

describe('the configuration', () => {
  const refusal = (env: Record<string, string>) => {
    try {
      config.parse(env);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('needs a secret or a folder of models', () => {
    expect(refusal({})).toContain('SERVICE_SECRET is required');
    expect(refusal({ MODEL_REPOSITORY: '/models' })).toBe('');
    expect(refusal({ SERVICE_SECRET: 's' })).toBe('');
    expect(refusal({ MODEL_REPOSITORY: '/models', ANONYMOUS_TENANT: '-' })).toContain('SERVICE_SECRET');
  });

  it('refuses settings that have no effect, and repositories elsewhere', () => {
    const secret = { SERVICE_SECRET: 's' };
    expect(refusal({ ...secret, MODEL_CONTROL_MODE: 'poll' })).toContain('without MODEL_REPOSITORY');
    expect(refusal({ MODEL_REPOSITORY: '/models', LOAD_MODELS: 'a' })).toContain(
      'MODEL_CONTROL_MODE=explicit',
    );
    expect(refusal({ MODEL_REPOSITORY: 's3://bucket/models' })).toContain('is no folder of this machine');
    expect(refusal({ MODEL_REPOSITORY: '/models', OBJECTS_DIR: 's3://bucket' })).toContain(
      'OBJECTS_DIR="s3://bucket" is a URL',
    );
  });

  it('refuses to let strangers of the network call without credentials unless told so', () => {
    const open = { MODEL_REPOSITORY: '/models', HOST: '0.0.0.0' };
    expect(refusal(open)).toContain('ALLOW_ANONYMOUS_NETWORK=true');
    expect(refusal({ ...open, ALLOW_ANONYMOUS_NETWORK: 'true' })).toBe('');
    expect(refusal({ ...open, SERVICE_SECRET: 's', ANONYMOUS_TENANT: '-' })).toBe('');
    expect(refusal({ HOST: '0.0.0.0', SERVICE_SECRET: 's' })).toBe('');
    expect(refusal({ HOST: '0.0.0.0', SERVICE_SECRET: 's', ANONYMOUS_TENANT: 'acme' })).not.toBe('');
  });
});
