import { Batcher, type BatcherOptions } from '../src/domain/batching/batcher.ts';
import type { Batching } from '../src/domain/loading/batching.ts';
import type { QueueSettings } from '../src/domain/settings/queue-policy.ts';
import type { Batch } from '../src/domain/runners/runner.ts';
import { RunnerPool } from '../src/domain/batching/runner-pool.ts';
import { batcherOptions } from './batcher-options.ts';
import { FakeRunner, sumRequest, type FakeRunnerOptions } from './fake-runner.ts';
import { ManualClock } from './manual-clock.ts';

export const UNLIMITED = { deadlineMs: Infinity, signal: undefined };

export interface BenchOptions extends FakeRunnerOptions, Partial<Omit<BatcherOptions, 'batching' | 'queue'>> {
  readonly runners?: number;
  readonly depth?: number;
  readonly batching?: Partial<Batching>;
  readonly queue?: Partial<QueueSettings>;
  /** Whether lost runners cannot be replaced. */
  readonly irreplaceable?: boolean;
}

/** A batcher on fake runners and a clock that stands still. */
export function bench({
  runners: count = 1,
  depth = 1,
  batching,
  queue,
  irreplaceable,
  ...rest
}: BenchOptions = {}) {
  const made = Array.from({ length: count }, () => new FakeRunner(rest));
  const losses: unknown[] = [];
  const clock = new ManualClock();
  const defaults = batcherOptions();
  const options = batcherOptions({
    nowMs: () => clock.nowMs,
    alarm: clock.alarm,
    ...rest,
    batching: { ...defaults.batching, ...batching },
    queue: { ...defaults.queue, ...queue },
  });
  const reopen = async () => {
    if (irreplaceable === true) throw new Error('the model is away');
    const runner = new FakeRunner(rest);
    made.push(runner);
    return runner;
  };
  const makePool = (onFree: () => void) =>
    new RunnerPool([...made], {
      reopen,
      depth,
      delay: async () => void (await turn()),
      onFree,
      onLoss: (error) => losses.push(error),
    });
  return {
    batcher: new Batcher(options, makePool),
    statistics: options.statistics,
    runners: made,
    losses,
    clock,
  };
}

/** A gate that the runs of a fake runner wait at. */
export function gate() {
  const waiting: (() => void)[] = [];
  return {
    before: () => new Promise<void>((resolve) => waiting.push(resolve)),
    async open() {
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
      waiting.shift()?.();
    },
    get waiting() {
      return waiting.length;
    },
  };
}

/** The value of x that ends the runner, where a bench says so. */
export const POISON = -666;
export const hasPoison = ({ buffer, inputs }: Batch) => {
  const { offsetBytes = 0, sizeBytes = 0 } = inputs[0] ?? {};
  return new Float32Array(buffer, offsetBytes, sizeBytes / 4).includes(POISON);
};

export const turn = () => new Promise((resolve) => setImmediate(resolve));
/** A request of one row: the answer is the value + 1. */
export const one = (value: number) => sumRequest([[value, 1]], [0n]);
/** The sums in an output. */
export const answers = ({ raw, shape }: { raw: Uint8Array; shape: readonly number[] }) =>
  Array.from({ length: shape[0] ?? 0 }, (_, row) =>
    new DataView(raw.buffer, raw.byteOffset, raw.byteLength).getFloat64(row * 8, true),
  );
