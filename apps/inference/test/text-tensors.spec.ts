import { describe, expect, it } from '@jest/globals';
import { buildModel } from '@plumbline/onnx';
import { decodeBytesElements, encodeBytesElements } from '@plumbline/tensors';
import fc from 'fast-check';
import { type Batch, type Runner } from '../src/domain/runners/runner.ts';
import { modelFile, openThread } from './runners.ts';

const never = new AbortController().signal;
const texts = (...elements: string[]) => encodeBytesElements(elements.map((text) => Buffer.from(text)));

function batchOf(raw: Uint8Array, count: number): Batch {
  const offsetBytes = 64;
  const buffer = new ArrayBuffer(offsetBytes + raw.length);
  new Uint8Array(buffer).set(raw, offsetBytes);
  return { buffer, inputs: [{ offsetBytes, sizeBytes: raw.length, shape: [count] }], outputs: [undefined] };
}

async function echo(): Promise<Runner> {
  const tensor = (name: string) => ({ name, datatype: 'BYTES', shape: [-1] });
  const model = buildModel({
    name: 'echo',
    producer: { name: 'plumbline-test', version: '' },
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    nodes: [{ operator: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
  return openThread(await modelFile(model), never);
}

describe('BYTES tensors', () => {
  it('are served as they came, whatever the texts', async () => {
    const runner = await echo();
    expect(runner.signature).toEqual({
      inputs: [{ name: 'x', datatype: 'BYTES', shape: [-1] }],
      outputs: [{ name: 'y', datatype: 'BYTES', shape: [-1] }],
    });
    const text = fc.string({ unit: 'binary', maxLength: 12 }).map((drawn) => drawn.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 6 }), async (drawn) => {
        const { outputs } = await runner.run(batchOf(texts(...drawn), drawn.length));
        const [answer] = outputs;
        expect(answer?.shape).toEqual([drawn.length]);
        expect(decodeBytesElements(answer!.raw).map((bytes) => Buffer.from(bytes).toString())).toEqual(drawn);
      }),
      { numRuns: 50, examples: [[['\ufeffmarked', '😀', '']]] },
    );
    await runner.close();
  });

  it.each([
    ['no UTF-8', encodeBytesElements([Uint8Array.of(0xff, 0xfe)]), 1, 'no valid UTF-8'],
    ['a zero character, at which the engine would cut it', texts('a\0b'), 1, 'a zero character'],
    ['fewer elements than the shape', texts('a'), 2, 'has 1 elements where its shape takes 2'],
    ['a length past the end', Uint8Array.of(9, 0, 0, 0, 65), 1, 'longer than its tensor'],
  ])('are refused with %s, and the runner lives on', async (_, raw, count, detail) => {
    const runner = await echo();
    await expect(runner.run(batchOf(raw, count))).rejects.toMatchObject({
      name: 'RunFailed',
      message: expect.stringContaining(detail),
    });
    const { outputs } = await runner.run(batchOf(texts('fine'), 1));
    expect(Buffer.from(outputs[0]!.raw)).toEqual(texts('fine'));
    await runner.close();
  });
});
