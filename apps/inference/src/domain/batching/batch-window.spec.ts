import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BatchQueue } from './batch-queue.ts';
import { decideWindow, type WindowView } from './batch-window.ts';
import { ArrivalRate } from './arrival-rate.ts';
import { UNBOUNDED } from '../settings/queue-policy.ts';
import type { Queued } from './waiting.ts';

const view = (over: Partial<WindowView> = {}, batch: Partial<WindowView['batch']> = {}): WindowView => ({
  batch: {
    rows: 1,
    complete: false,
    preferredRows: 0,
    oldestMs: 100,
    newestMs: 100,
    lapseMs: Infinity,
    ...batch,
  },
  cost: { perRowMs: 0.1, fixedMs: 20 },
  rowsPerMs: 1,
  idleRunners: 1,
  maxDelayMs: 5,
  nowMs: 100,
  ...over,
});
const SEAL = { kind: 'seal', rows: 1 };

describe('decideWindow', () => {
  it('waits where the next row is expected before it would cost more than it saves', () => {
    expect(decideWindow(view())).toEqual({ kind: 'wait', untilMs: 105 });
    // (20 − 0.1) / 2 ms would pay, at this rate the next row is due in 20 ms.
    expect(decideWindow(view({ rowsPerMs: 0.05 }))).toEqual(SEAL);
  });

  it.each<[string, WindowView]>([
    ['the cost is not known yet', view({ cost: { perRowMs: 0, fixedMs: 0 } })],
    ['a run costs nothing besides its rows', view({ cost: { perRowMs: 5, fixedMs: 0 } })],
    ['another runner is idle', view({ idleRunners: 2 })],
    ['nothing more fits', view({}, { complete: true })],
    ['the oldest has waited for as long as it may', view({ nowMs: 105 })],
    ['less is left than a timer can measure', view({ nowMs: 104.5 })],
    ['nobody came for as long as would have paid', view({ maxDelayMs: 50, nowMs: 110 })],
    ['the run would not end before the deadline', view({}, { lapseMs: 121 })],
  ])('seals at once where %s', (_case, given) => {
    expect(decideWindow(given)).toEqual(SEAL);
  });

  it('waits no longer than leaves time for the run before the first deadline', () => {
    expect(decideWindow(view({ maxDelayMs: 50 }, { lapseMs: 125 }))).toMatchObject({
      kind: 'wait',
      untilMs: expect.closeTo(125 - 20.1 - 1) as unknown,
    });
  });

  it('seals at a preferred row count until the delay is over, then all there is', () => {
    const preferred = { rows: 6, preferredRows: 4 };
    expect(decideWindow(view({}, preferred))).toEqual({ kind: 'seal', rows: 4 });
    expect(decideWindow(view({ nowMs: 105 }, preferred))).toEqual({ kind: 'seal', rows: 6 });
  });
});

interface Row extends Queued {
  readonly arrivedMs: number;
}

interface Scene {
  /** Times between arrivals. */
  readonly gapsMs: readonly number[];
  readonly perRowMs: number;
  readonly fixedMs: number;
  readonly maxDelayMs: number;
  /** From arrival to deadline. */
  readonly patienceMs: number;
}

/** Plays one runner in virtual time; tells of every batch when it was sealed, since when it could be, and its rows. */
function play({ gapsMs, perRowMs, fixedMs, maxDelayMs, patienceMs }: Scene) {
  const policies = [UNBOUNDED];
  const nothing = () => undefined;
  const queue = new BatchQueue<Row>({
    maxRows: 16,
    capacityRows: Infinity,
    policies,
    drop: nothing,
    watch: nothing,
  });
  const rate = new ArrivalRate();
  const sealed: { atMs: number; freeMs: number; endMs: number; rows: readonly Row[] }[] = [];
  let [arrivedMs, freeMs, wakeMs] = [0, 0, Infinity];
  const arrivals = gapsMs.map((gapMs) => (arrivedMs += gapMs));
  for (let next = 0, nowMs = 0; next < arrivals.length || queue.rows > 0;) {
    nowMs = Math.min(arrivals[next] ?? Infinity, Math.max(queue.rows > 0 ? wakeMs : Infinity, nowMs));
    for (; (arrivals[next] ?? Infinity) <= nowMs; next++) {
      const deadlineMs = nowMs + patienceMs;
      const row = {
        rows: 1,
        bucket: '',
        level: 0,
        deadlineMs,
        timeoutMs: Infinity,
        isCancelled: false,
        isCancellable: false,
      };
      queue.offer({ ...row, arrivedMs: nowMs }, nowMs);
      rate.observe(1, nowMs);
    }
    wakeMs = freeMs;
    if (nowMs < freeMs) continue;
    const batch = queue.preview(nowMs, []);
    if (batch === undefined) continue;
    const cost = { perRowMs, fixedMs };
    const decision =
      maxDelayMs === 0
        ? ({ kind: 'seal', rows: 16 } as const)
        : decideWindow({ batch, cost, rowsPerMs: rate.at(nowMs), idleRunners: 1, maxDelayMs, nowMs });
    if (decision.kind === 'wait') {
      wakeMs = decision.untilMs;
      continue;
    }
    const rows = queue.seal(nowMs, decision.rows)?.slices.map(({ item }) => item) ?? [];
    const endMs = nowMs + perRowMs * rows.length + fixedMs;
    sealed.push({ atMs: nowMs, freeMs, endMs, rows });
    freeMs = endMs;
    wakeMs = freeMs;
  }
  return sealed;
}

const meanLatencyMs = (sealed: ReturnType<typeof play>) => {
  const waits = sealed.flatMap(({ endMs, rows }) => rows.map(({ arrivedMs }) => endMs - arrivedMs));
  return waits.reduce((sum, ms) => sum + ms, 0) / waits.length;
};

describe('the window, played in virtual time', () => {
  /** Evenly spread, as fc.double is not. */
  const between = (min: number, max: number) =>
    fc.integer({ min: 0, max: 1_000_000 }).map((part) => min + ((max - min) * part) / 1_000_000);
  const scene = fc.record({
    gapsMs: fc
      .tuple(between(0.2, 20), fc.array(between(1e-6, 1), { minLength: 300, maxLength: 300 }))
      .map(([meanMs, draws]) => draws.map((draw) => -Math.log(draw) * meanMs)),
    perRowMs: between(0, 0.5),
    fixedMs: between(0, 20),
    maxDelayMs: fc.integer({ min: 1, max: 10 }),
    patienceMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: 30, max: 100 })),
  });

  it('never seals later than the oldest may wait, nor too late for a deadline that could be kept', () => {
    fc.assert(
      fc.property(scene, (given) => {
        for (const { atMs, freeMs, endMs, rows } of play(given)) {
          const oldestMs = Math.min(...rows.map(({ arrivedMs }) => arrivedMs));
          expect(atMs).toBeLessThanOrEqual(Math.max(freeMs, oldestMs + given.maxDelayMs) + 1e-6);
          const due = Math.min(...rows.map(({ deadlineMs }) => deadlineMs));
          const atOnceMs = Math.max(freeMs, ...rows.map(({ arrivedMs }) => arrivedMs));
          if (atMs > atOnceMs) expect(endMs).toBeLessThanOrEqual(due);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('runs fewer batches, and makes callers wait no longer on the whole than if it never waited', () => {
    let [windowMs, atOnceMs, windowBatches, atOnceBatches] = [0, 0, 0, 0];
    fc.assert(
      fc.property(scene, (given) => {
        const patient = { ...given, patienceMs: Infinity };
        const [window, atOnce] = [play(patient), play({ ...patient, maxDelayMs: 0 })];
        expect(meanLatencyMs(window)).toBeLessThanOrEqual(meanLatencyMs(atOnce) * 1.1 + 0.1);
        windowMs += meanLatencyMs(window);
        atOnceMs += meanLatencyMs(atOnce);
        windowBatches += window.length;
        atOnceBatches += atOnce.length;
      }),
      { numRuns: 150 },
    );
    // Where a window hardly ever pays, chance makes the difference: up to a few in a hundred thousand.
    expect(windowMs).toBeLessThanOrEqual(atOnceMs * 1.002);
    expect(windowBatches).toBeLessThan(atOnceBatches);
  });
});
