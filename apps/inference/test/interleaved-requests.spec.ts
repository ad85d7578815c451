import { describe, expect, it } from '@jest/globals';
import { ServiceError } from '@plumbline/errors';
import { decodeBytesElements, encodeBytesElements } from '@plumbline/tensors';
import fc from 'fast-check';
import type { AdmittedRequest } from '../src/domain/batching/admitted-request.ts';
import { Batcher } from '../src/domain/batching/batcher.ts';
import { DeviceShare } from '../src/domain/batching/device-share.ts';
import { UNBOUNDED } from '../src/domain/settings/queue-policy.ts';
import { RunnerPool } from '../src/domain/batching/runner-pool.ts';
import { RunFailed, type Batch, type Region } from '../src/domain/runners/runner.ts';
import type { ModelSignature } from '../src/domain/signature.ts';
import { TimedRunner } from '../src/domain/runners/timed-runner.ts';
import { batcherOptions } from './batcher-options.ts';
import { FakeRunner } from './fake-runner.ts';
import { ManualClock } from './manual-clock.ts';

/** sum[row] = x[row] in all, + 1000 · k[row]; joined[row] = the words of the row and k. */
const SIGNATURE: ModelSignature = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [-1, -1] },
    { name: 'words', datatype: 'BYTES', shape: [-1, 2] },
    { name: 'k', datatype: 'INT64', shape: [-1, 1] },
  ],
  outputs: [
    { name: 'sum', datatype: 'FP64', shape: [-1, 1] },
    { name: 'joined', datatype: 'BYTES', shape: [-1, 1] },
  ],
};
const RUN_LIMIT_MS = 40;

/** What a value of k does to a run. */
const MISCHIEF = { none: 0n, crash: -1n, refuse: -2n, hang: -3n } as const;
type Mischief = keyof typeof MISCHIEF;

interface Row {
  readonly x: readonly number[];
  readonly words: readonly [string, string];
  readonly k: bigint;
}

const sumOf = ({ x, k }: Row) => x.reduce((sum, value) => sum + value, 0) + 1000 * Number(k);
const joinedOf = ({ words, k }: Row) => `${words[0]}|${words[1]}|${k}`;

const textsOf = (raw: Uint8Array) => decodeBytesElements(raw).map((text) => Buffer.from(text).toString());

function rowsIn({ buffer, inputs }: Batch): Row[] {
  const [x, words, k] = inputs as readonly [Region, Region, Region];
  const ks = [...new BigInt64Array(buffer, k.offsetBytes, k.sizeBytes / 8)];
  const xs = [...new Float32Array(buffer, x.offsetBytes, x.sizeBytes / 4)];
  const texts = textsOf(new Uint8Array(buffer, words.offsetBytes, words.sizeBytes));
  const width = xs.length / ks.length;
  return ks.map((each, row) => ({
    x: xs.slice(row * width, (row + 1) * width),
    words: [texts[2 * row] ?? '', texts[2 * row + 1] ?? ''],
    k: each,
  }));
}

function answer(batch: Batch) {
  const rows = rowsIn(batch);
  if (rows.some(({ k }) => k === MISCHIEF.refuse)) throw new RunFailed('refused');
  const sums = new Float64Array(rows.map(sumOf));
  const joined = encodeBytesElements(rows.map((row) => Buffer.from(joinedOf(row))));
  return [
    { shape: [rows.length, 1], raw: new Uint8Array(sums.buffer) },
    { shape: [rows.length, 1], raw: joined },
  ];
}

function requestOf(rows: readonly Row[], outputs: readonly number[]): AdmittedRequest {
  const width = rows[0]?.x.length ?? 0;
  const bytes = (elements: Float32Array | BigInt64Array) => new Uint8Array(elements.buffer);
  return {
    rows: rows.length,
    inputs: [
      bytes(new Float32Array(rows.flatMap(({ x }) => x))),
      encodeBytesElements(rows.flatMap(({ words }) => words.map((word) => Buffer.from(word)))),
      bytes(new BigInt64Array(rows.map(({ k }) => k))),
    ],
    shapes: [
      [rows.length, width],
      [rows.length, 2],
      [rows.length, 1],
    ],
    outputs,
    bucket: `[${width}];`,
  };
}

const asked = fc.record({
  rows: fc.integer({ min: 1, max: 24 }),
  width: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 0, max: 1000 }),
  outputs: fc.constantFrom([0, 1], [1, 0], [1], [0]),
  priority: fc.constantFrom(undefined, 1, 2, 3),
  comesMs: fc.integer({ min: 0, max: 30 }),
  deadlineIn: fc.oneof({ weight: 2, arbitrary: fc.constant(Infinity) }, fc.integer({ min: 1, max: 400 })),
  timeoutUs: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    fc.integer({ min: 500, max: 20_000 }),
  ),
  leavesIn: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, fc.integer({ min: 0, max: 30 })),
  mischief: fc.oneof(
    { weight: 80, arbitrary: fc.constant<Mischief>('none') },
    { weight: 2, arbitrary: fc.constantFrom<Mischief>('crash', 'refuse') },
    { weight: 1, arbitrary: fc.constant<Mischief>('hang') },
  ),
});
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;

const house = fc.record({
  maxRows: fc.integer({ min: 1, max: 8 }),
  batching: fc.constantFrom('together', 'together', 'alone', 'pinned'),
  runners: fc.integer({ min: 1, max: 3 }),
  depth: fc.integer({ min: 1, max: 2 }),
  deviceRuns: fc.integer({ min: 1, max: 3 }),
  maxQueuedRows: fc.constantFrom(400, 100_000, 100_000),
  maxDelayUs: fc.constantFrom(0, 0, 4_000),
  preferredRows: fc.constantFrom<readonly number[]>([], [2, 4]),
  preserveOrdering: fc.boolean(),
});
type House = typeof house extends fc.Arbitrary<infer T> ? T : never;

function openBatcher(given: House, clock: ManualClock, share: DeviceShare) {
  const together = given.batching !== 'alone';
  const options = batcherOptions({
    signature: SIGNATURE,
    batching: {
      rowed: true,
      together,
      maxRows: together ? given.maxRows : 1,
      padRows: given.batching === 'pinned' ? given.maxRows : 0,
    },
    queue: {
      ...given,
      policies: [UNBOUNDED, { ...UNBOUNDED, timeoutAction: 'DELAY' }, UNBOUNDED],
      defaultPriority: 2,
    },
    maxQueuedRows: given.maxQueuedRows,
    nowMs: () => clock.nowMs,
    alarm: clock.alarm,
  });
  let runs = 0;
  const open = () => {
    const runner = new FakeRunner({
      signature: SIGNATURE,
      before: async (batch) => {
        for (let pause = runs++ % 4; pause > 0; pause--) await turn();
        if (rowsIn(batch).some(({ k }) => k === MISCHIEF.hang)) await new Promise(() => undefined);
      },
      crashesOn: (batch) => rowsIn(batch).some(({ k }) => k === MISCHIEF.crash),
      compute: answer,
    });
    return new TimedRunner(runner, RUN_LIMIT_MS, clock.alarm);
  };
  const makePool = (onFree: () => void) =>
    new RunnerPool(Array.from({ length: given.runners }, open), {
      reopen: async () => open(),
      depth: given.depth,
      shareOf: () => share,
      delay: async () => void (await turn()),
      onFree,
      onLoss: () => undefined,
    });
  return { batcher: new Batcher(options, makePool), statistics: options.statistics };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Which errors a request may get, by what was asked. */
function mayFail(asked: Asked, given: House, mischiefs: ReadonlySet<Mischief>): Set<string> {
  const reasons = new Set<string>();
  if (asked.leavesIn !== undefined) reasons.add('REQUEST_CANCELLED');
  if (asked.deadlineIn < Infinity) {
    reasons.add('DEADLINE_EXPIRED');
    reasons.add('DEADLINE_UNREACHABLE');
  }
  if (asked.timeoutUs !== undefined) reasons.add('QUEUE_TIMEOUT');
  if (given.maxQueuedRows < 1_000) reasons.add('QUEUE_FULL');
  if (asked.mischief === 'refuse') reasons.add('INFERENCE_FAILED');
  if (asked.mischief === 'crash') reasons.add('REQUEST_CRASHED_RUNNER');
  if (mischiefs.has('hang')) reasons.add('INFERENCE_TIMEOUT');
  if (mischiefs.has('hang') || mischiefs.has('crash')) reasons.add('RUNNER_LOST');
  return reasons;
}

async function ask(batcher: Batcher, clock: ManualClock, each: Asked, index: number) {
  const rows = Array.from({ length: each.rows }, (_, row): Row => {
    const k =
      row === each.rows - 1 && each.mischief !== 'none' ? MISCHIEF[each.mischief] : BigInt(index * 100 + row);
    return {
      x: Array.from({ length: each.width }, (__, at) => each.seed + row + at),
      words: ['w'.repeat((each.seed + row) % 7), `${index}:${row}`],
      k,
    };
  });
  while (clock.nowMs < each.comesMs) await turn();
  const leaving = new AbortController();
  const answered = batcher.infer(requestOf(rows, each.outputs), {
    deadlineMs: clock.nowMs + each.deadlineIn,
    signal: leaving.signal,
    priority: each.priority,
    timeoutUs: each.timeoutUs,
  });
  clock.alarm(each.leavesIn ?? Infinity, () => leaving.abort());
  const { outputs } = await answered;
  const found = outputs.map(({ raw }, at) =>
    each.outputs[at] === 0 ? [...new Float64Array(Uint8Array.from(raw).buffer)] : textsOf(raw),
  );
  expect(found).toEqual(
    each.outputs.map((output) => rows.map((row) => (output === 0 ? sumOf(row) : joinedOf(row)))),
  );
  expect(outputs.map(({ shape }) => shape)).toEqual(each.outputs.map(() => [each.rows, 1]));
}

describe('thousands of interleaved requests', () => {
  it('each get exactly their own rows or one error that they may get, and leave nothing behind', async () => {
    let [answered, refused] = [0, 0];
    const requests = fc.array(asked, { minLength: 60, maxLength: 140 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(house, requests), fc.tuple(house, requests), async (...models) => {
        const clock = new ManualClock();
        const share = new DeviceShare(models[0][0].deviceRuns);
        let over = false;
        const plays = models.map(async ([given, all]) => {
          const { batcher, statistics } = openBatcher(given, clock, share);
          const outcomes = await Promise.allSettled(
            all.map((each, index) => ask(batcher, clock, each, index)),
          );
          await batcher.close();
          const mischiefs = new Set(all.map(({ mischief }) => mischief));
          outcomes.forEach((outcome, index) => {
            if (outcome.status === 'fulfilled') {
              expect((all[index] as Asked).mischief).toBe('none');
              return;
            }
            if (!(outcome.reason instanceof ServiceError)) throw outcome.reason;
            expect(mayFail(all[index] as Asked, given, mischiefs)).toContain(outcome.reason.reason);
          });
          const ok = outcomes.filter(({ status }) => status === 'fulfilled').length;
          answered += ok;
          refused += outcomes.length - ok;
          expect([batcher.queuedRows, batcher.outstanding]).toEqual([0, 0]);
          const { success, fail, pendingRequests } = statistics.snapshot();
          expect([success.count, fail.count, pendingRequests]).toEqual([ok, outcomes.length - ok, 0]);
        });
        const played = Promise.allSettled(plays).finally(() => (over = true));
        while (!over) {
          if (clock.nowMs > 30_000) throw new Error('the models do not come to an end');
          clock.setTo(clock.nowMs + 1);
          await turn();
        }
        for (const end of await played) if (end.status === 'rejected') throw end.reason;
        expect(share).toMatchObject({ running: 0, contended: false });
      }),
      { numRuns: 30 },
    );
    expect(answered).toBeGreaterThan(2_000);
    expect(refused).toBeGreaterThan(500);
  });
});
