import type { Checks } from '../suite/check.ts';
import { expect, expectEqual } from '../suite/expect.ts';
import { expectRefused, get, jsonOf, type Json } from './http.ts';

export const inspectionChecks: Checks = {
  health: {
    title: 'GET v2/health/live and v2/health/ready answer 200',
    run: async (target) => {
      for (const path of ['v2/health/live', 'v2/health/ready']) {
        expectEqual((await get(target, path)).status, 200, `the status of ${path}`);
      }
    },
  },
  'model-ready': {
    title: 'GET v2/models/<model>/ready answers 200, with and without the version',
    models: ['simple'],
    run: async (target) => {
      for (const path of ['v2/models/simple/ready', 'v2/models/simple/versions/1/ready']) {
        expectEqual((await get(target, path)).status, 200, `the status of ${path}`);
      }
    },
  },
  'model-not-ready': {
    title: 'GET v2/models/<model>/ready of an unknown model does not answer 200',
    run: async (target) => {
      const { status } = await get(target, 'v2/models/no-such-model/ready');
      expect(status >= 400, `the status is ${status}`);
    },
  },
  server: {
    title: 'GET v2 tells name, version and the extensions of the gRPC service',
    run: async (target) => {
      const { name, version, extensions } = jsonOf(await get(target, 'v2'));
      expect(typeof name === 'string' && name !== '', 'the name is empty');
      expect(typeof version === 'string' && version !== '', 'the version is empty');
      const missing = [...target.extensions].filter((known) => !(extensions as string[]).includes(known));
      expectEqual(missing, [], 'what gRPC names and REST does not');
    },
  },
  model: {
    title: 'GET v2/models/<model> tells name, versions, platform, inputs and outputs',
    models: ['simple'],
    run: async (target) => {
      const model = jsonOf(await get(target, 'v2/models/simple'));
      const tensors = (names: string[]) =>
        names.map((name) => ({ name, datatype: 'INT32', shape: [-1, 16] }));
      expectEqual(model['name'], 'simple', 'the name');
      expectEqual(model['versions'], ['1'], 'versions');
      expectEqual((model['inputs'] as Json[]).map(plain), tensors(['INPUT0', 'INPUT1']), 'inputs');
      expectEqual((model['outputs'] as Json[]).map(plain), tensors(['OUTPUT0', 'OUTPUT1']), 'outputs');
    },
  },
  'unknown-model': {
    title: 'GET v2/models/<model> of an unknown model or version is 404 with an error object',
    models: ['simple'],
    run: async (target) => {
      expectRefused(await get(target, 'v2/models/no-such-model'), 404);
      expectRefused(await get(target, 'v2/models/simple/versions/99'), 404);
    },
  },
  config: {
    title: 'GET v2/models/<model>/config tells the configuration',
    models: ['simple'],
    extension: 'model_configuration',
    run: async (target) => {
      const config = jsonOf(await get(target, 'v2/models/simple/config'));
      expectEqual(config['max_batch_size'], 8, 'max_batch_size');
      const [first] = config['input'] as Json[];
      expectEqual(first?.['data_type'], 'TYPE_INT32', 'data_type of the first input');
    },
  },
  statistics: {
    title: 'GET v2/models/<model>/stats and v2/models/stats tell the statistics',
    models: ['simple'],
    extension: 'statistics',
    run: async (target) => {
      const one = jsonOf(await get(target, 'v2/models/simple/stats'));
      const [stats] = one['model_stats'] as Json[];
      expectEqual(stats?.['name'], 'simple', 'the name');
      expect(stats?.['inference_stats'] !== undefined, 'there is no inference_stats');
      const all = jsonOf(await get(target, 'v2/models/stats'))['model_stats'] as Json[];
      expect(
        all.some(({ name }) => name === 'simple'),
        'the statistics of all models lack simple',
      );
    },
  },
  'no-such-path': {
    title: 'a path that the protocol does not have is 404',
    run: async (target) => expectEqual((await get(target, 'v2/no/such/path')).status, 404, 'the status'),
  },
};

function plain({ name, datatype, shape }: Json): unknown {
  return { name, datatype, shape };
}
