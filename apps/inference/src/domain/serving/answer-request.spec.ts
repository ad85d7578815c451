import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { ServiceError } from '@plumbline/errors';
import {
  decodeBytesElements,
  decodeElements,
  encodeElements,
  parseInferRequest,
  TensorError,
  type RawTensor,
} from '@plumbline/tensors';
import fc from 'fast-check';
import { FakeRunner } from '../../../test/fake-runner.ts';
import { answerRequest, namedOutputs, understandRequest } from './answer-request.ts';
import { batcherOptions } from '../../../test/batcher-options.ts';
import { Batcher } from '../batching/batcher.ts';
import type { ServingVersion } from '../versions/find-version.ts';
import { defaultSettings } from '../settings/model-settings.ts';
import { ResponseCache } from './response-cache.ts';
import { RunnerPool } from '../batching/runner-pool.ts';
import type { ModelSignature } from '../signature.ts';
import { VersionStatistics } from '../batching/statistics.ts';

/** y = 2 · x and the sum of x per row. */
const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
  outputs: [
    { name: 'y', datatype: 'FP32', shape: [-1, 3] },
    { name: 'sum', datatype: 'FP64', shape: [-1, 1] },
  ],
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

function stage({ cached = true, gate = () => Promise.resolve() } = {}) {
  const runner = new FakeRunner({
    signature: SIGNATURE,
    before: gate,
    compute: ({ buffer, inputs: [x] }) => {
      const values = [...new Float32Array(buffer, x?.offsetBytes ?? 0, (x?.sizeBytes ?? 0) / 4)];
      const rows = values.length / 3;
      const sums = Array.from({ length: rows }, (_, row) =>
        values.slice(3 * row, 3 * row + 3).reduce((sum, value) => sum + value, 0),
      );
      return [
        {
          shape: [rows, 3],
          raw: encodeElements(
            'FP32',
            values.map((value) => 2 * value),
          ),
        },
        { shape: [rows, 1], raw: encodeElements('FP64', sums) },
      ];
    },
  });
  const settings = {
    ...defaultSettings({ maxBatchRows: 8, runners: 1, device: 'cpu' }),
    cached,
    labels: new Map([['y', ['low', 'middle']]]),
  };
  const statistics = new VersionStatistics();
  const makePool = (onFree: () => void) =>
    new RunnerPool([runner], {
      reopen: async () => runner,
      depth: 1,
      delay: turn as never,
      onFree,
      onLoss: () => undefined,
    });
  const batcher = new Batcher(
    batcherOptions({ signature: SIGNATURE, queue: settings.queue, statistics, maxQueuedRows: 100 }),
    makePool,
  );
  const serving: ServingVersion = {
    digest: 'd',
    signature: SIGNATURE,
    rowed: true,
    together: true,
    invariance: { class: 'INVARIANT' },
    pinnedRows: 0,
    memory: new Map(),
    modelBytes: 1,
    settings,
    statistics,
    batcher,
  };
  const cache = new ResponseCache(2 ** 20);
  const ask = async (
    x: readonly number[],
    request: MessageInitShape<typeof ModelInferRequestSchema> = {},
    { tenant = 't', signal }: { tenant?: string; signal?: AbortSignal } = {},
  ) => {
    const message = create(ModelInferRequestSchema, {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [BigInt(x.length / 3), 3n] }],
      rawInputContents: [encodeElements('FP32', [...x])],
      ...request,
    });
    const view = parseInferRequest(toBinary(ModelInferRequestSchema, message));
    const limits = { deadlineMs: Infinity, signal };
    const asked = understandRequest(view, serving);
    const options = { cache, nowMs: () => performance.now() };
    const answer = await answerRequest(asked, tenant, serving, limits, options);
    return { ...answer, outputs: namedOutputs(asked, serving, answer.outputs) };
  };
  return { ask, runner, serving, statistics, cache };
}

const int = (value: bigint) => ({ parameterChoice: { case: 'int64Param' as const, value } });
const classes = (count: bigint) => [{ name: 'y', parameters: { classification: int(count) } }];

const plain = ({ raw, ...header }: RawTensor) => ({ ...header, raw: Buffer.from(raw) });
const textsOf = (raw: Uint8Array = new Uint8Array()) =>
  decodeBytesElements(raw).map((element) => Buffer.from(element).toString());

/** Undefined where the bytes are no message at all. */
function parsed(bytes: Uint8Array) {
  try {
    return parseInferRequest(bytes);
  } catch (error) {
    if (error instanceof TensorError) return undefined;
    throw error;
  }
}

describe('a request', () => {
  it('gives wanted outputs in the order asked for, and classes where they are asked for', async () => {
    const { ask } = stage();
    const { outputs } = await ask([1, 3, 2], { outputs: [{ name: 'sum' }, ...classes(3n)] });
    expect(outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }))).toEqual([
      { name: 'sum', datatype: 'FP64', shape: [1, 1] },
      { name: 'y', datatype: 'BYTES', shape: [1, 3] },
    ]);
    expect(decodeElements('FP64', outputs[0]?.raw ?? new Uint8Array())).toEqual([6]);
    expect(textsOf(outputs[1]?.raw)).toEqual(['6.000000:1:middle', '4.000000:2', '2.000000:0:low']);
  });

  it('runs every request of a version that does not ask for the cache', async () => {
    const { ask, runner, cache, statistics } = stage({ cached: false });
    await ask([1, 2, 3]);
    await ask([1, 2, 3]);
    expect(runner.batches).toHaveLength(2);
    expect(cache.entries).toBe(0);
    expect(statistics.snapshot()).toMatchObject({ cacheHit: { count: 0 }, cacheMiss: { count: 0 } });
  });

  it('runs what it has not seen and remembers it, whatever the order of the outputs', async () => {
    const { ask, runner, statistics } = stage();
    const first = await ask([1, 2, 3], { outputs: [{ name: 'y' }, { name: 'sum' }] });
    const again = await ask([1, 2, 3], { outputs: [{ name: 'sum' }, { name: 'y' }] });
    expect(again.outputs).toEqual([...first.outputs].reverse());
    expect(again).toMatchObject({ batchRows: 1, queueUs: 0, inferUs: 0 });
    expect(runner.batches).toHaveLength(1);
    for (const other of [
      ask([1, 2, 3], { outputs: [{ name: 'y' }] }),
      ask([1, 2, 3], { parameters: { temperature: int(1n) } }),
      ask([1, 2, 3], {}, { tenant: 'other' }),
      ask([1, 2, 3, 1, 2, 3]),
    ]) {
      await other;
    }
    const rows = runner.batches.map(([count = 0]) => count);
    expect(rows.reduce((sum, count) => sum + count, 0)).toBe(6);
    expect(statistics.snapshot()).toMatchObject({ cacheHit: { count: 1 }, cacheMiss: { count: 5 } });
  });

  it('takes neither priority and timeout nor classes for parts of the question', async () => {
    const { ask, runner } = stage();
    await ask([1, 2, 3], { parameters: { priority: int(1n), timeout: int(1_000_000n) } });
    await ask([1, 2, 3]);
    const [first, second] = [
      await ask([1, 2, 3], { outputs: classes(1n) }),
      await ask([1, 2, 3], { outputs: classes(2n) }),
    ];
    expect([first, second].map(({ outputs: [y] }) => textsOf(y?.raw))).toEqual([
      ['6.000000:2'],
      ['6.000000:2', '4.000000:1:middle'],
    ]);
    expect(runner.batches).toHaveLength(2);
  });

  it('shares one run among equal requests, of which each goes when its caller goes', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { ask, runner, statistics } = stage({ gate: () => gate });
    const gone = new AbortController();
    const asked = [ask([1, 2, 3]), ask([1, 2, 3]), ask([1, 2, 3], {}, { signal: gone.signal })];
    await turn();
    gone.abort(new Error('gone'));
    await expect(asked[2]).rejects.toThrow('gone');
    open();
    const [first, second] = await Promise.all(asked.slice(0, 2));
    expect(second?.outputs).toEqual(first?.outputs);
    expect(runner.batches).toHaveLength(1);
    expect(statistics.snapshot()).toMatchObject({ cacheHit: { count: 1 }, cacheMiss: { count: 1 } });
  });

  it('counts a request that it refuses', async () => {
    const { ask, statistics } = stage();
    await expect(ask([1, 2, 3], { outputs: [{ name: 'q' }] })).rejects.toMatchObject({
      reason: 'OUTPUT_NAME_INVALID',
    });
    expect(statistics.snapshot().failures).toEqual({ REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 1 });
  });

  it('gets from the cache what it would get without, and runs once per question', async () => {
    const question = fc.record({
      tenant: fc.constantFrom('t', 'u'),
      x: fc.constantFrom([1, 2, 3], [3, 2, 1], [1, 2, 3, 3, 2, 1]),
      outputs: fc.shuffledSubarray(['y', 'sum']),
      classes: fc.constantFrom(0n, 1n, 2n),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(question, { maxLength: 12 }), async (questions) => {
        const remembering = stage();
        const forgetting = stage({ cached: false });
        const asked = new Set<string>();
        for (const { tenant, x, outputs, classes: count } of questions) {
          const request = {
            outputs: outputs.map((name) =>
              name === 'y' && count > 0n ? (classes(count)[0] ?? { name }) : { name },
            ),
          };
          const answer = await remembering.ask(x, request, { tenant });
          const expected = await forgetting.ask(x, request, { tenant });
          expect(answer.outputs.map(plain)).toEqual(expected.outputs.map(plain));
          asked.add(JSON.stringify([tenant, x, outputs.length === 0 ? ['sum', 'y'] : outputs.toSorted()]));
        }
        const { cacheHit, cacheMiss } = remembering.statistics.snapshot();
        expect([cacheMiss.count, cacheHit.count]).toEqual([asked.size, questions.length - asked.size]);
      }),
      { numRuns: 50 },
    );
  });

  it('is understood or refused as a fault of its own, whatever has been done to its bytes', () => {
    const { serving } = stage();
    const message = create(ModelInferRequestSchema, {
      id: 'id',
      parameters: { priority: int(1n), timeout: int(5n), sequence_id: int(0n), user: int(3n) },
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1n, 3n], contents: { fp32Contents: [1, 2, 3] } }],
      outputs: [...classes(2n), { name: 'sum' }],
    });
    const bytes = toBinary(ModelInferRequestSchema, message);
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    let understood = 0;
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Uint8Array.from(bytes);
        for (const [at, value] of changes) damaged[at] = value;
        const view = parsed(damaged);
        if (view === undefined) return;
        try {
          understandRequest(view, serving);
          understood++;
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
          expect(['INVALID_ARGUMENT', 'UNIMPLEMENTED']).toContain((error as ServiceError).codeName);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(understood).toBeGreaterThan(0);
  });
});
