import { encodeElements } from '@plumbline/tensors';
import type { Checks } from '../suite/check.ts';
import { expectEqual } from '../suite/expect.ts';
import type { Target } from '../target/target.ts';
import { row, texts } from '../target/values.ts';
import { binaryOf, dataOf, expectRefused, jsonOf, send, type HttpAnswer } from './http.ts';
import { simpleBody } from './inference.ts';

const extension = 'binary_tensor_data';
const INFER = 'v2/models/simple/infer';
const FIRST = encodeElements('INT32', row(0));
const ONES = encodeElements('INT32', new Array<number>(16).fill(1));

const binary = (name: string, size: number) => ({
  name,
  datatype: 'INT32',
  shape: [1, 16],
  parameters: { binary_data_size: size },
});

/** Sends a JSON header with binary parts behind it. */
async function sendBinary(
  target: Target,
  path: string,
  header: object,
  parts: Buffer[],
): Promise<HttpAnswer> {
  const json = Buffer.from(JSON.stringify(header));
  return send(target, path, {
    method: 'POST',
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(json.length),
    },
    body: Buffer.concat([json, ...parts]),
  });
}

const BOTH = { inputs: [binary('INPUT0', 64), binary('INPUT1', 64)] };
const expectSum = (raw: Buffer | undefined) =>
  expectEqual(raw?.toString('hex'), encodeElements('INT32', row(1)).toString('hex'), 'OUTPUT0');

export const binaryChecks: Checks = {
  'both-ways': {
    title: 'binary inputs, and outputs that ask for binary_data, travel behind the JSON header',
    models: ['simple'],
    extension,
    run: async (target) => {
      const outputs = [{ name: 'OUTPUT0', parameters: { binary_data: true } }];
      const { raw } = binaryOf(await sendBinary(target, INFER, { ...BOTH, outputs }, [FIRST, ONES]));
      expectSum(raw.get('OUTPUT0'));
    },
  },
  'all-outputs': {
    title: 'binary_data_output asks for all outputs in binary',
    models: ['simple'],
    extension,
    run: async (target) => {
      const parameters = { binary_data_output: true };
      const { raw } = binaryOf(await sendBinary(target, INFER, { ...BOTH, parameters }, [FIRST, ONES]));
      expectSum(raw.get('OUTPUT0'));
      expectEqual(raw.size, 2, 'the number of binary outputs');
    },
  },
  'json-outputs': {
    title: 'binary inputs get JSON outputs where none is asked for in binary',
    models: ['simple'],
    extension,
    run: async (target) => {
      const answer = jsonOf(await sendBinary(target, INFER, BOTH, [FIRST, ONES]));
      expectEqual(dataOf(answer, 'OUTPUT0'), row(1), 'OUTPUT0');
    },
  },
  mixed: {
    title: 'one input in binary beside one in JSON, one output in binary beside one in JSON',
    models: ['simple'],
    extension,
    run: async (target) => {
      const second = {
        name: 'INPUT1',
        datatype: 'INT32',
        shape: [1, 16],
        data: new Array<number>(16).fill(1),
      };
      const outputs = [{ name: 'OUTPUT0', parameters: { binary_data: true } }, { name: 'OUTPUT1' }];
      const header = { inputs: [binary('INPUT0', 64), second], outputs };
      const { json, raw } = binaryOf(await sendBinary(target, INFER, header, [FIRST]));
      expectSum(raw.get('OUTPUT0'));
      expectEqual(dataOf(json, 'OUTPUT1'), row(-1), 'OUTPUT1');
    },
  },
  texts: {
    title: 'binary BYTES carry their lengths',
    models: ['identity_bytes'],
    extension,
    run: async (target) => {
      const elements = encodeElements('BYTES', texts(['plumb', '', 'ключ']));
      const parameters = { binary_data_size: elements.length };
      const inputs = [{ name: 'INPUT0', datatype: 'BYTES', shape: [1, 3], parameters }];
      const outputs = [{ name: 'OUTPUT0', parameters: { binary_data: true } }];
      const answer = await sendBinary(target, 'v2/models/identity_bytes/infer', { inputs, outputs }, [
        elements,
      ]);
      const found = binaryOf(answer).raw.get('OUTPUT0')?.toString('hex');
      expectEqual(found, elements.toString('hex'), 'OUTPUT0');
    },
  },
  raw: {
    title: 'with Inference-Header-Content-Length 0 the body is the only input’s elements',
    models: ['slow'],
    extension,
    run: async (target) => {
      const answer = await send(target, 'v2/models/slow/infer', {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': '0' },
        body: encodeElements('FP32', [1, -2]),
      });
      const { raw } = binaryOf(answer);
      expectEqual(
        raw.get('OUTPUT0')?.toString('hex'),
        encodeElements('FP32', [1, -2]).toString('hex'),
        'OUTPUT0',
      );
    },
  },
  misfits: {
    title: 'sizes that do not add up are 400 with an error object',
    models: ['simple'],
    extension,
    run: async (target) => {
      expectRefused(await sendBinary(target, INFER, BOTH, [FIRST]), 400);
      expectRefused(await sendBinary(target, INFER, BOTH, [FIRST, ONES, ONES]), 400);
      const wrong = { inputs: [binary('INPUT0', 60), binary('INPUT1', 64)] };
      expectRefused(await sendBinary(target, INFER, wrong, [FIRST.subarray(4), ONES]), 400);
      const headers = { 'inference-header-content-length': '100000' };
      const body = JSON.stringify(simpleBody(0));
      expectRefused(await send(target, INFER, { method: 'POST', headers, body }), 400);
    },
  },
};
