import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { create, toJsonString } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { DataType, ModelConfigSchema } from '@plumbline/contract-oip';
import { fileObjects } from '@plumbline/objects';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { mixingModel, timesModel } from './models.ts';
import { MODEL, startRegistry, startReplica, storeVersion, TENANT } from './replica.ts';
import { modelFolder, startStandalone, type ModelFolder, type Standalone } from './standalone.ts';

async function withModels(
  files: Readonly<Record<string, Uint8Array | string>>,
  test: (server: Standalone, folder: ModelFolder) => Promise<void>,
  settings: Readonly<Record<string, string>> = { MODEL_CONTROL_MODE: 'explicit' },
): Promise<void> {
  const folder = await modelFolder(files);
  const server = await startStandalone(folder.root, settings);
  try {
    await test(server, folder);
  } finally {
    await server.stop();
  }
}

const load = ({ oip }: Standalone, modelName: string, parameters = {}) =>
  oip.repositoryModelLoad({ modelName, parameters }, { timeoutMs: 120_000 });
const index = async ({ oip }: Standalone, ready = false) =>
  (await oip.repositoryIndex({ ready })).models.map(({ name, version, state, reason }) =>
    [name, version, state, reason].filter(Boolean).join(' '),
  );
const text = (stringParam: string) => ({ parameterChoice: { case: 'stringParam', value: stringParam } });
const bytes = (bytesParam: Uint8Array) => ({ parameterChoice: { case: 'bytesParam', value: bytesParam } });

describe('models that callers control', () => {
  it('are loaded, listed and unloaded by name', async () => {
    const files = { 'double/1/model.onnx': timesModel(2), 'triple/1/model.onnx': timesModel(3) };
    await withModels(files, async (server) => {
      expect(await index(server)).toEqual(['double', 'triple']);
      await load(server, 'double');
      expect(await server.infer('double', [[1, 2]])).toEqual({ version: '1', y: [2, 4] });
      expect(await index(server)).toEqual(['double 1 READY', 'triple']);
      expect(await index(server, true)).toEqual(['double 1 READY']);
      await server.oip.repositoryModelUnload({ modelName: 'double' });
      await expect(server.infer('double', [[1, 2]])).rejects.toMatchObject({ codeName: 'NOT_FOUND' });
      expect(await index(server)).toEqual(['double 1 UNAVAILABLE unloaded', 'triple']);
      await server.oip.repositoryModelUnload({ modelName: 'double' });
      await load(server, 'double');
      expect(await server.infer('double', [[1, 2]])).toMatchObject({ y: [2, 4] });
    });
  });

  it('keep serving what they served when new files cannot be loaded, and say why', async () => {
    await withModels({ 'm/1/model.onnx': timesModel(2) }, async (server, folder) => {
      await load(server, 'm');
      await folder.put('m/1/model.onnx', 'no model');
      await expect(load(server, 'm')).rejects.toMatchObject({ reason: 'MODEL_INVALID' });
      expect(await server.infer('m', [[1, 2]])).toEqual({ version: '1', y: [2, 4] });
      expect(await index(server)).toEqual([expect.stringMatching(/^m 1 READY MODEL_INVALID: /)]);
      await folder.put('m/config.pbtxt', 'max_batch_size: many');
      await expect(load(server, 'm')).rejects.toMatchObject({ reason: 'MODEL_CONFIG_INVALID' });
      expect(await server.infer('m', [[1, 2]])).toMatchObject({ y: [2, 4] });
      await rm(join(folder.root, 'm/config.pbtxt'));
      await folder.put('m/1/model.onnx', timesModel(5));
      await load(server, 'm');
      expect(await server.infer('m', [[1, 2]])).toEqual({ version: '1', y: [5, 10] });
      expect(await index(server)).toEqual(['m 1 READY']);
    });
  });

  it('take a configuration and files in the place of the repository’s until they are loaded again', async () => {
    await withModels({ 'm/1/model.onnx': timesModel(2) }, async (server) => {
      await load(server, 'm', { config: text('{"max_batch_size": 3}') });
      const { config } = await server.oip.modelConfig({ name: 'm' });
      expect(config?.maxBatchSize).toBe(3);
      await load(server, 'm', { config: text('{}'), 'file:4/model.onnx': bytes(timesModel(7)) });
      expect(await server.infer('m', [[1, 2]])).toEqual({ version: '4', y: [7, 14] });
      await load(server, 'elsewhere', { config: text('{}'), 'file:1/model.onnx': bytes(timesModel(9)) });
      expect(await server.infer('elsewhere', [[1, 2]])).toMatchObject({ y: [9, 18] });
      await load(server, 'm');
      expect(await server.infer('m', [[1, 2]])).toEqual({ version: '1', y: [2, 4] });
    });
  });

  it.each([
    ['an unknown model', 'other', {}, 'MODEL_NOT_FOUND'],
    ['a model outside the folder', '../m', {}, 'MODEL_NOT_FOUND'],
    ['an unknown parameter', 'm', { colour: text('red') }, 'LOAD_PARAMETER_INVALID'],
    ['a configuration in bytes', 'm', { config: bytes(Buffer.from('{}')) }, 'LOAD_PARAMETER_INVALID'],
    [
      'files without a configuration',
      'm',
      { 'file:1/model.onnx': bytes(timesModel(2)) },
      'LOAD_PARAMETER_INVALID',
    ],
    [
      'a file of no version',
      'm',
      { config: text('{}'), 'file:x/y': bytes(timesModel(2)) },
      'LOAD_PARAMETER_INVALID',
    ],
    [
      'a file outside its folder',
      'm',
      { config: text('{}'), 'file:1/../y': bytes(timesModel(2)) },
      'REPOSITORY_INVALID',
    ],
    [
      'more files than a version may have',
      'm',
      {
        config: text('no JSON'),
        ...Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`file:1/${i}`, bytes(Buffer.of(1))])),
      },
      'LOAD_PARAMETER_INVALID',
    ],
    ['a configuration that is none', 'm', { config: text('{"max": 1}') }, 'MODEL_CONFIG_INVALID'],
  ])('are not loaded for %s', async (_what, name, parameters, reason) => {
    await withModels({ 'm/1/model.onnx': timesModel(2) }, async (server) => {
      await expect(load(server, name, parameters)).rejects.toMatchObject({ reason });
    });
  });

  it('are unloaded with the parameter of Triton’s alone', async () => {
    await withModels({ 'm/1/model.onnx': timesModel(2) }, async (server) => {
      await load(server, 'm');
      const unload = (parameters: object) =>
        server.oip.repositoryModelUnload({ modelName: 'm', parameters: { ...parameters } });
      const bool = { parameterChoice: { case: 'boolParam', value: true } };
      for (const [parameters, message] of [
        [{ colour: bool }, 'the parameter "colour" is not known'],
        [
          { unload_dependents: text('yes') },
          'the parameter "unload_dependents" is true or false, not string',
        ],
      ] as const) {
        await expect(unload(parameters)).rejects.toMatchObject({
          reason: 'UNLOAD_PARAMETER_INVALID',
          message,
        });
      }
      expect(await index(server)).toEqual(['m 1 READY']);
      await unload({ unload_dependents: bool });
      expect(await index(server)).toEqual(['m 1 UNAVAILABLE unloaded']);
    });
  });

  it('answer what they have when they are unloaded', async () => {
    await withModels({ 'm/1/model.onnx': timesModel(2) }, async (server) => {
      await load(server, 'm');
      const answers = Array.from({ length: 50 }, (_, row) => server.infer('m', [[row, 0]]));
      await answers[0];
      const unloaded = server.oip.repositoryModelUnload({ modelName: 'm' });
      const outcomes = await Promise.allSettled(answers);
      await unloaded;
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ codeName: 'NOT_FOUND' });
      }
      expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    });
  });
});

describe('the configuration of a model', () => {
  it('is completed from the model and the service’s settings', async () => {
    const files = {
      'plain/1/model.onnx': timesModel(2),
      'given/config.pbtxt': `
        max_batch_size: 8
        version_policy { specific { versions: 3 } }
        output { name: "y" data_type: TYPE_FP32 dims: 2 label_filename: "labels.txt" }
        dynamic_batching { preferred_batch_size: 4 max_queue_delay_microseconds: 50 priority_levels: 2 default_priority_level: 2 }
        instance_group { count: 2 kind: KIND_CPU }
        parameters { key: "intra_op_thread_count" value { string_value: "2" } }
        model_warmup { name: "w" inputs { key: "x" value { data_type: TYPE_FP32 dims: 2 zero_data: true } } }
        response_cache { enable: true }`,
      'given/labels.txt': 'left\nright\n',
      'given/3/model.onnx': mixingModel(),
    };
    const check = async (server: Standalone) => {
      await server.ready();
      const { config: plain } = await server.oip.modelConfig({ name: 'plain' });
      expect(plain).toMatchObject({
        name: 'plain',
        platform: 'onnxruntime_onnx',
        backend: 'onnxruntime',
        maxBatchSize: 64,
        input: [{ name: 'x', dataType: DataType.TYPE_FP32, dims: [2n] }],
        output: [{ name: 'y', dataType: DataType.TYPE_FP32, dims: [2n] }],
        defaultModelFilename: 'model.onnx',
      });
      const { config: given } = await server.oip.modelConfig({ name: 'given', version: '3' });
      expect(JSON.parse(toJsonString(ModelConfigSchema, given ?? create(ModelConfigSchema)))).toEqual({
        name: 'given',
        platform: 'onnxruntime_onnx',
        backend: 'onnxruntime',
        versionPolicy: { specific: { versions: ['3'] } },
        maxBatchSize: 8,
        input: [{ name: 'x', dataType: 'TYPE_FP32', dims: ['2'] }],
        output: [{ name: 'y', dataType: 'TYPE_FP32', dims: ['2'], labelFilename: 'labels.txt' }],
        dynamicBatching: {
          preferredBatchSize: [4],
          maxQueueDelayMicroseconds: '50',
          priorityLevels: '2',
          defaultPriorityLevel: '2',
          priorityQueuePolicy: { '1': { allowTimeoutOverride: true }, '2': { allowTimeoutOverride: true } },
        },
        instanceGroup: [{ name: 'cpu_0', kind: 'KIND_CPU', count: 2 }],
        defaultModelFilename: 'model.onnx',
        parameters: { intra_op_thread_count: { stringValue: '2' } },
        modelWarmup: [
          {
            name: 'w',
            batchSize: 1,
            count: 1,
            inputs: { x: { dataType: 'TYPE_FP32', dims: ['2'], zeroData: true } },
          },
        ],
        modelTransactionPolicy: {},
        responseCache: { enable: true },
      });
    };
    await withModels(files, check, {});
  });
});

describe('models that callers do not control', () => {
  it('are listed, and neither loaded nor unloaded', async () => {
    const files = { 'm/1/model.onnx': timesModel(2), 'broken/1/model.onnx': 'no', 'empty/readme.txt': '' };
    const check = async (server: Standalone) => {
      await server.ready();
      const refused = { reason: 'MODEL_CONTROL_DISABLED', codeName: 'FAILED_PRECONDITION' };
      await expect(load(server, 'm')).rejects.toMatchObject(refused);
      await expect(server.oip.repositoryModelUnload({ modelName: 'm' })).rejects.toMatchObject(refused);
      expect(await index(server)).toEqual([
        expect.stringMatching(/^broken 1 UNAVAILABLE MODEL_INVALID: /),
        'empty UNAVAILABLE REPOSITORY_INVALID: the model "empty" has no version to serve',
        'm 1 READY',
      ]);
    };
    await withModels(files, check, {});
  });

  it('bring their configuration from the registry too', async () => {
    const registry = await startRegistry();
    const objectsDir = await temporaryDirectory();
    const config = 'max_batch_size: 5 input { name: "x" data_type: TYPE_FP32 dims: 2 }';
    const stored = await storeVersion(fileObjects(objectsDir), { model: timesModel(2), config });
    registry.list([stored], 0);
    const replica = await startReplica({ registryAddress: registry.address, objectsDir });
    const ask = () => replica.oip.modelConfig({ name: MODEL }, { tenant: TENANT });
    expect((await eventually(ask)).config).toMatchObject({ maxBatchSize: 5, name: MODEL });
    await replica.stop();
    await registry.close();
  });

  it('come from the registry where there is one', async () => {
    const registry = await startRegistry();
    const replica = await startReplica({
      registryAddress: registry.address,
      objectsDir: await temporaryDirectory(),
    });
    const options = { tenant: TENANT };
    const refused = { reason: 'MODEL_CONTROL_UNAVAILABLE', codeName: 'UNIMPLEMENTED' };
    await expect(replica.oip.repositoryModelLoad({ modelName: 'm' }, options)).rejects.toMatchObject(refused);
    await expect(replica.oip.repositoryModelUnload({ modelName: 'm' }, options)).rejects.toMatchObject(
      refused,
    );
    expect((await replica.oip.repositoryIndex({}, options)).models).toEqual([]);
    await replica.stop();
    await registry.close();
  });
});
