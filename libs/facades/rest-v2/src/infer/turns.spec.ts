import { describe, expect, it } from '@jest/globals';
import { buildInferResponse, encodeElements } from '@plumbline/tensors';
import { readRequest } from './read-request.ts';
import { writeResponse } from './write-response.ts';

/** How often the event loop turned while the work was done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let done = false;
  const count = (): void => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  await work.finally(() => {
    done = true;
  });
  return turns;
}

const elements = Array.from({ length: 100_000 }, (_, index) => index);

describe('a large tensor in JSON', () => {
  const input = (data: number[]) =>
    Buffer.from(JSON.stringify({ inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }] }));

  it('is read in several turns of the event loop, a small one in one', async () => {
    expect(await turnsDuring(readRequest(input(elements), Buffer.alloc(0)))).toBeGreaterThanOrEqual(4);
    expect(await turnsDuring(readRequest(input([1, 2]), Buffer.alloc(0)))).toBeLessThanOrEqual(1);
  });

  it('is written in several turns of the event loop, a small one in one', async () => {
    const form = { outputs: [], binaryOutputs: false, maxJsonBytes: 1e9 };
    const answer = (data: number[]) => {
      const raw = encodeElements('INT32', data);
      const outputs = [{ name: 'y', datatype: 'INT32', shape: [data.length], raw }];
      return buildInferResponse({ modelName: 'm', modelVersion: '1', id: '', outputs });
    };
    expect(await turnsDuring(writeResponse(answer(elements), form))).toBeGreaterThanOrEqual(4);
    expect(await turnsDuring(writeResponse(answer([1, 2]), form))).toBeLessThanOrEqual(1);
  });
});
