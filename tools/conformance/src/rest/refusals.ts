import type { Checks } from '../suite/check.ts';
import { expectRefused, post, send } from './http.ts';
import { INFER, ONES, simpleBody, tensor } from './inference.ts';

export const restRefusalChecks: Checks = {
  'unknown-model': {
    title: 'an unknown model is 404 with an error object',
    run: async (target) =>
      expectRefused(await post(target, 'v2/models/no-such-model/infer', simpleBody(0)), 404),
  },
  'no-json': {
    title: 'a body that is no JSON is 400 with an error object',
    models: ['simple'],
    run: async (target) =>
      expectRefused(await send(target, INFER, { method: 'POST', body: '{"inputs": [' }), 400),
  },
  misfits: {
    title: 'wrong names, shapes, datatypes and values are 400 with an error object',
    models: ['simple'],
    run: async (target) => {
      const second = tensor('INPUT1', ONES);
      const wrong = [
        { ...tensor('INPUT9', ONES) },
        { ...tensor('INPUT0', ONES), shape: [1, 15] },
        { ...tensor('INPUT0', ONES), shape: [-1, 16] },
        { ...tensor('INPUT0', ONES), datatype: 'FP32' },
        tensor('INPUT0', ONES.slice(1)),
        tensor('INPUT0', [...ONES.slice(1), 1.5]),
        tensor('INPUT0', [...ONES.slice(1), 2 ** 31]),
        tensor('INPUT0', [...ONES.slice(1), 'one']),
        { name: 'INPUT0', datatype: 'INT32', shape: [1, 16] },
      ];
      for (const first of wrong) expectRefused(await post(target, INFER, { inputs: [first, second] }), 400);
    },
  },
};
