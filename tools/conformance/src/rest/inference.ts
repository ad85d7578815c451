import { eachInFlight } from '../oip/load.ts';
import type { Checks } from '../suite/check.ts';
import { expectEqual } from '../suite/expect.ts';
import { row } from '../target/values.ts';
import { dataOf, jsonOf, outputsOf, post, send } from './http.ts';

/** A tensor of `simple` in JSON. */
export const tensor = (name: string, data: readonly unknown[]): object => ({
  name,
  datatype: 'INT32',
  shape: [1, 16],
  data,
});
export const ONES = new Array<number>(16).fill(1);

/** A JSON request for `simple`. */
export function simpleBody(first: number, more: object = {}): object {
  return { inputs: [tensor('INPUT0', row(first)), tensor('INPUT1', ONES)], ...more };
}

export const INFER = 'v2/models/simple/infer';

export const inferenceChecks: Checks = {
  json: {
    title: 'POST …/infer with JSON tensors is answered with JSON tensors, model, version and id',
    models: ['simple'],
    run: async (target) => {
      const answer = jsonOf(await post(target, INFER, simpleBody(0, { id: 'seven' })));
      expectEqual(dataOf(answer, 'OUTPUT0'), row(1), 'OUTPUT0');
      expectEqual(dataOf(answer, 'OUTPUT1'), row(-1), 'OUTPUT1');
      const { model_name: name, model_version: version, id } = answer;
      expectEqual({ name, version, id }, { name: 'simple', version: '1', id: 'seven' }, 'the head');
      expectEqual(outputsOf(answer)[0]?.shape, [1, 16], 'the shape');
    },
  },
  nested: {
    title: 'data may be nested by rows',
    models: ['simple'],
    run: async (target) => {
      const inputs = [tensor('INPUT0', [row(0)]), tensor('INPUT1', [ONES])];
      expectEqual(dataOf(jsonOf(await post(target, INFER, { inputs })), 'OUTPUT0'), row(1), 'OUTPUT0');
    },
  },
  outputs: {
    title: 'outputs come as asked for, in that order',
    models: ['simple'],
    run: async (target) => {
      const outputs = [{ name: 'OUTPUT1' }, { name: 'OUTPUT0' }];
      const answer = jsonOf(await post(target, INFER, simpleBody(0, { outputs })));
      expectEqual(
        outputsOf(answer).map(({ name }) => name),
        ['OUTPUT1', 'OUTPUT0'],
        'the outputs',
      );
    },
  },
  version: {
    title: 'POST …/versions/<version>/infer chooses the version',
    models: ['versioned'],
    run: async (target) => {
      const inputs = [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }];
      for (const version of [1, 2]) {
        const answer = jsonOf(
          await post(target, `v2/models/versioned/versions/${version}/infer`, { inputs }),
        );
        expectEqual(
          dataOf(answer, 'OUTPUT0'),
          [1, 2, 3, 4].map((x) => x * version),
          'OUTPUT0',
        );
      }
    },
  },
  texts: {
    title: 'BYTES are JSON strings',
    models: ['identity_bytes'],
    run: async (target) => {
      const data = ['plumb', '', 'ключ', '"quoted"\n'];
      const inputs = [{ name: 'INPUT0', datatype: 'BYTES', shape: [1, 4], data }];
      const answer = jsonOf(await post(target, 'v2/models/identity_bytes/infer', { inputs }));
      expectEqual(dataOf(answer, 'OUTPUT0'), data, 'OUTPUT0');
    },
  },
  booleans: {
    title: 'BOOL are true and false',
    models: ['identity_bool'],
    run: async (target) => {
      const data = [true, false];
      const inputs = [{ name: 'INPUT0', datatype: 'BOOL', shape: [1, 2], data }];
      const answer = jsonOf(await post(target, 'v2/models/identity_bool/infer', { inputs }));
      expectEqual(dataOf(answer, 'OUTPUT0'), data, 'OUTPUT0');
    },
  },
  'large-integers': {
    title: 'INT64 and UINT64 beyond 2^53 keep every digit',
    models: ['identity_int64', 'identity_uint64'],
    run: async (target) => {
      for (const [model, datatype, number] of [
        ['identity_int64', 'INT64', '-9223372036854775807'],
        ['identity_uint64', 'UINT64', '18446744073709551615'],
      ] as const) {
        const body = `{"inputs":[{"name":"INPUT0","datatype":"${datatype}","shape":[1,1],"data":[${number}]}]}`;
        const answer = await send(target, `v2/models/${model}/infer`, { method: 'POST', body });
        const text = answer.body.toString().replaceAll(/\s/g, '');
        expectEqual(/"data":\[+(-?\d+)/.exec(text)?.[1], number, `OUTPUT0 of ${model}`);
      }
    },
  },
  'own-rows': {
    title: 'of 200 interleaved requests each gets its own rows and its own id',
    models: ['simple'],
    run: (target) =>
      eachInFlight(200, async (index) => {
        const answer = jsonOf(await post(target, INFER, simpleBody(index * 100, { id: `r${index}` })));
        expectEqual(answer['id'], `r${index}`, 'the id');
        expectEqual(dataOf(answer, 'OUTPUT0'), row(index * 100 + 1), `OUTPUT0 of r${index}`);
      }),
  },
  classification: {
    title: 'an output’s parameter classification asks for its greatest values as texts',
    models: ['labelled'],
    extension: 'classification',
    run: async (target) => {
      const inputs = [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 4], data: [1, 4, 3, 2] }];
      const outputs = [{ name: 'OUTPUT0', parameters: { classification: 2 } }];
      const answer = jsonOf(await post(target, 'v2/models/labelled/infer', { inputs, outputs }));
      const labels = dataOf(answer, 'OUTPUT0').map((text) => String(text).split(':').slice(1));
      expectEqual(
        labels,
        [
          ['1', 'east'],
          ['2', 'south'],
        ],
        'the classes',
      );
    },
  },
};
