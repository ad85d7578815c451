import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, FrameError, FrameReader, MAX_BODY_BYTES, type Frame } from './frames.ts';
import type { FromRunner, ToRunner } from './protocol.ts';
import {
  packAnswer,
  packRequest,
  placementOf,
  unpackAnswer,
  unpackRequest,
  type Packed,
} from './runner-frames.ts';

function sent({ head, body }: Packed): Frame {
  const [frame] = new FrameReader().push(Buffer.concat(encodeFrame(head, body)));
  if (frame === undefined) throw new Error('no frame');
  return frame;
}

const tensor = { name: 'x', datatype: 'FP32', shape: [-1, 2] } as const;
const labelled = { ...tensor, labels: ['late', 'on time'] };
const ANSWERS: readonly FromRunner[] = [
  { kind: 'opened', signature: { inputs: [tensor], outputs: [labelled] }, memoryBytes: 5 },
  { kind: 'opened', signature: { inputs: [tensor], outputs: [tensor, tensor] }, memoryBytes: 5 },
  { kind: 'refused', reason: 'MODEL_UNSAFE', detail: 'why' },
  { kind: 'failed', id: 3, detail: 'why' },
];

describe('requests', () => {
  it('carry the inputs of a batch and bring room for its outputs', () => {
    const buffer = new ArrayBuffer(192);
    new Uint8Array(buffer).fill(7);
    const region = (offsetBytes: number, sizeBytes: number) => ({
      offsetBytes,
      sizeBytes,
      shape: [sizeBytes],
    });
    const run: ToRunner = {
      kind: 'run',
      id: 9,
      buffer,
      inputs: [region(0, 8), region(64, 3)],
      outputs: [undefined, region(128, 16)],
    };
    const frame = sent(packRequest(run));
    expect(frame.body.byteLength).toBe(67);
    const arrived = unpackRequest(frame);
    expect(arrived).toMatchObject({ ...run, buffer: expect.anything() });
    const { buffer: room } = arrived as typeof run;
    expect(room.byteLength).toBe(192);
    expect([...new Uint8Array(room, 0, 67)]).toEqual(Array(67).fill(7));
  });
});

describe('answers', () => {
  it.each(ANSWERS)('arrive as they were sent: $kind', (answer) => {
    expect(unpackAnswer(sent(packAnswer(answer)))).toEqual(answer);
  });

  it('bring every output at a place that any elements may have', () => {
    const output = fc.uint8Array({ maxLength: 200 }).map((raw) => ({ shape: [raw.length], raw }));
    fc.assert(
      fc.property(fc.array(output, { maxLength: 4 }), (outputs) => {
        const ran: FromRunner = { kind: 'ran', id: 1, outputs, startedUs: 9, inputUs: 1, inferUs: 2 };
        const arrived = unpackAnswer(sent(packAnswer(ran)));
        expect(arrived).toEqual(ran);
        for (const { raw } of arrived.kind === 'ran' ? arrived.outputs : [])
          expect(raw.byteOffset % 8).toBe(0);
      }),
    );
  });

  it('are read without trust: whatever the head says, they are as declared or refused', () => {
    const kind = fc.constantFrom('opened', 'refused', 'ran', 'failed', 'toString', undefined);
    const part = fc.oneof(fc.jsonValue(), fc.constantFrom('FP32', 'x', 1, -1, 2 ** 60, [], [{}], ['1']));
    const head = fc.record({
      kind,
      id: part,
      startedUs: part,
      inputUs: part,
      inferUs: part,
      memoryBytes: part,
      reason: part,
      detail: part,
      outputs: fc.oneof(part, fc.array(fc.record({ shape: part, sizeBytes: part }))),
      signature: fc.oneof(
        part,
        fc.record({
          inputs: part,
          outputs: fc.array(fc.record({ name: part, datatype: part, shape: part, labels: part })),
        }),
      ),
    });
    fc.assert(
      fc.property(fc.oneof(head, fc.jsonValue()), fc.nat(64), (value, bytes) => {
        try {
          const answer = unpackAnswer({ head: value, body: new ArrayBuffer(bytes) });
          if (answer.kind === 'ran') {
            for (const { raw } of answer.outputs) expect(raw.length).toBeLessThanOrEqual(bytes);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('lie in the exchange where their head says so, within bounds', () => {
    expect(placementOf({ kind: 'ran', id: 3 })).toBeUndefined();
    expect(placementOf({ id: 3, placedBytes: 70_000 })).toEqual({ id: 3, sizeBytes: 70_000 });
    for (const placedBytes of [MAX_BODY_BYTES + 1, -1, 0.5, '7', null]) {
      expect(() => placementOf({ id: 3, placedBytes })).toThrow(FrameError);
    }
  });
});
