import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ModelInferRequest, ModelInferRequestSchema } from '@plumbline/contract-oip';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { loopModel, timesModel } from './models.ts';
import { floats } from './replica.ts';
import { modelFolder, startStandalone, type Standalone } from './standalone.ts';

type Request = MessageInitShape<typeof ModelInferRequestSchema>;

let server: Standalone;

beforeAll(async () => {
  const { root } = await modelFolder({
    'double/1/model.onnx': timesModel(2),
    'loop/1/model.onnx': loopModel(),
  });
  server = await startStandalone(root);
  await server.ready();
});
afterAll(() => server.stop());

const asking = (id: string, x: readonly number[], over: Request = {}): Request => ({
  modelName: 'double',
  id,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1n, 2n] }],
  rawInputContents: [floats(...x)],
  ...over,
});

interface ConversationOptions {
  readonly metadata?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly on?: Standalone;
}

/** Requests that the test sends one by one; ends when told. */
function conversation({ metadata, signal, on = server }: ConversationOptions = {}) {
  const queue: Request[] = [];
  let wake: () => void = () => undefined;
  let ended = false;
  const requests = async function* () {
    for (;;) {
      const request = queue.shift();
      if (request !== undefined) {
        yield request as ModelInferRequest;
      } else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const answers = on.oip.modelStreamInfer(requests(), {
    ...(metadata && { metadata }),
    ...(signal && { signal }),
  });
  const reading = answers[Symbol.asyncIterator]();
  return {
    send(...sent: Request[]) {
      queue.push(...sent);
      wake();
    },
    halfClose() {
      ended = true;
      wake();
    },
    async next() {
      const result = await reading.next();
      return result.done === true ? undefined : result.value;
    },
  };
}

const LONGEST_TRIPS = 30_000_000;

/** The loops of a test ended before it had done beside them what it is about. */
class LoopsEnded extends Error {}

/** Whether a promise has settled by now. */
function settling(promise: Promise<unknown>): { readonly settled: boolean } {
  const state = { settled: false };
  const settle = () => (state.settled = true);
  promise.then(settle, settle);
  return state;
}

/**
 * A test whose loops must last for as long as it does something beside them: again with longer ones where it says that
 * they did not, as on a machine that is slow to come to the rest.
 */
async function withLastingLoops(test: (trips: number) => Promise<void>): Promise<void> {
  for (const trips of [300_000, 3_000_000]) {
    try {
      return await test(trips);
    } catch (error) {
      if (!(error instanceof LoopsEnded)) throw error;
      await server.infer('loop', [[1, 1]]); // behind whatever still runs
    }
  }
  await test(LONGEST_TRIPS);
}

/** The next answer is the one beside the loops. */
async function expectQuick(stream: ReturnType<typeof conversation>, trips: number): Promise<void> {
  const answer = await stream.next();
  if (answer?.errorMessage === '' && answer.inferResponse?.id !== 'quick' && trips < LONGEST_TRIPS)
    throw new LoopsEnded();
  expect(answer).toMatchObject({ inferResponse: { id: 'quick' } });
}

async function failures(name: string): Promise<bigint> {
  const { modelStats } = await server.oip.modelStatistics({ name });
  return modelStats[0]?.inferenceStats?.fail?.count ?? 0n;
}

const FINAL = { triton_final_response: { parameterChoice: { case: 'boolParam', value: true } } };

describe('ModelStreamInfer', () => {
  it('answers every request, marks each answer as the last of its request, and ends after the half-close', async () => {
    const stream = conversation();
    stream.send(asking('a', [1, 2]), asking('b', [3, 4]));
    const found = new Map<string, number[]>();
    for (const answer of [await stream.next(), await stream.next()]) {
      expect(answer).toMatchObject({
        errorMessage: '',
        inferResponse: { modelVersion: '1', parameters: FINAL },
      });
      const raw = answer?.inferResponse?.rawOutputContents[0] ?? new Uint8Array();
      found.set(answer?.inferResponse?.id ?? '', [...new Float32Array(Uint8Array.from(raw).buffer)]);
    }
    expect(found).toEqual(
      new Map([
        ['a', [2, 4]],
        ['b', [6, 8]],
      ]),
    );
    stream.halfClose();
    expect(await stream.next()).toBeUndefined();
  });

  it('answers what is ready while others run', () =>
    withLastingLoops(async (trips) => {
      const stream = conversation();
      stream.send(asking('slow', [trips, 1], { modelName: 'loop' }), asking('quick', [1, 1]));
      const order = [await stream.next(), await stream.next()].map((answer) => answer?.inferResponse?.id);
      stream.halfClose();
      expect([...order].sort()).toEqual(['quick', 'slow']);
      if (order[0] === 'slow' && trips < LONGEST_TRIPS) throw new LoopsEnded();
      expect(order).toEqual(['quick', 'slow']);
    }));

  it('tells failures in band, with reason and request, and goes on', async () => {
    const stream = conversation();
    const cases = [
      [asking('1', [1, 2], { modelName: 'unknown', modelVersion: '7' }), 'MODEL_NOT_FOUND: ', 'unknown', '7'],
      [asking('2', [1]), 'BYTE_LENGTH_MISMATCH: ', 'double', ''],
      [
        asking('3', [1, 2], {
          parameters: { sequence_id: { parameterChoice: { case: 'int64Param', value: 4n } } },
        }),
        'SEQUENCES_UNSUPPORTED: ',
        'double',
        '',
      ],
    ] as const;
    for (const [request, message, modelName, modelVersion] of cases) {
      stream.send(request);
      const answer = await stream.next();
      expect(answer?.errorMessage.startsWith(message)).toBe(true);
      expect(answer?.inferResponse).toMatchObject({
        id: request.id,
        modelName,
        modelVersion,
        outputs: [],
        parameters: FINAL,
      });
    }
    stream.send(asking('4', [1, 2]));
    expect(await stream.next()).toMatchObject({ errorMessage: '', inferResponse: { id: '4' } });
    stream.halfClose();
    expect(await stream.next()).toBeUndefined();
  });

  it('ends with the status of a failure where the call asks for it', async () => {
    const stream = conversation({ metadata: { triton_grpc_error: 'true' } });
    stream.send(asking('a', [1, 2]));
    expect(await stream.next()).toMatchObject({ inferResponse: { id: 'a' } });
    stream.send(asking('b', [1]));
    await expect(stream.next()).rejects.toMatchObject({
      codeName: 'INVALID_ARGUMENT',
      reason: 'BYTE_LENGTH_MISMATCH',
    });
  });

  it('drops what waits when the client cancels', () =>
    withLastingLoops(async (trips) => {
      const before = await failures('loop');
      const running = conversation();
      // A runner has two batches at once: when 'quick' is answered, the loop before it is in one of its own.
      for (const id of ['1', '2']) {
        running.send(asking(id, [trips, 1], { modelName: 'loop' }), asking('quick', [1, 1]));
        await expectQuick(running, trips);
      }
      const controller = new AbortController();
      const waiting = conversation({ signal: controller.signal });
      const loops = ['3', '4', '5'].map((id) => asking(id, [1, 1], { modelName: 'loop' }));
      waiting.send(...loops, asking('quick', [1, 1]));
      await expectQuick(waiting, trips);
      const first = running.next();
      const loop = settling(first);
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      await expect(waiting.next()).rejects.toMatchObject({ codeName: 'CANCELLED' });
      const ended = loop.settled;
      for (const [id, answer] of [
        ['1', first],
        ['2', running.next()],
      ] as const) {
        expect(await answer).toMatchObject({ errorMessage: '', inferResponse: { id } });
      }
      running.halfClose();
      if (ended && trips < LONGEST_TRIPS) throw new LoopsEnded();
      expect((await failures('loop')) - before).toBe(3n);
    }));

  it('ends when the server shuts down, once what it has is answered', () =>
    withLastingLoops(async (trips) => {
      const { root } = await modelFolder({
        'double/1/model.onnx': timesModel(2),
        'loop/1/model.onnx': loopModel(),
      });
      const leaving = await startStandalone(root);
      await leaving.ready();
      const stream = conversation({ on: leaving });
      stream.send(asking('slow', [trips, 1], { modelName: 'loop' }), asking('quick', [1, 1]));
      await expectQuick(stream, trips);
      const slow = stream.next();
      const loop = settling(slow);
      await new Promise((resolve) => setImmediate(resolve));
      const ended = loop.settled;
      const stopping = leaving.service.stop();
      expect(await slow).toMatchObject({ errorMessage: '', inferResponse: { id: 'slow' } });
      // With the reason SHUTTING_DOWN, unless the connection is closed before the status is read.
      await expect(stream.next()).rejects.toMatchObject({ codeName: 'UNAVAILABLE' });
      await stopping;
      leaving.channel.close();
      if (ended && trips < LONGEST_TRIPS) throw new LoopsEnded();
    }));
});
