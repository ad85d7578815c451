import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { deviceShares, DeviceShare, type DeviceMember } from './device-share.ts';

/** A model in a simulation: as many runners as it has, each busy again as soon as a turn is had. */
interface Model {
  readonly member: DeviceMember;
  readonly runMs: () => number;
  readonly runners: number;
  /** Runs that it still wants. */
  wants: number;
  running: number;
  usedMs: number;
  starts: number[];
}

/** Plays models on one share in virtual time. */
class Simulation {
  readonly share: DeviceShare;
  nowMs = 0;
  mostRunning = 0;
  #ends: { atMs: number; end: () => void }[] = [];

  constructor(maxRuns: number) {
    this.share = new DeviceShare(maxRuns);
  }

  model(runners: number, runMs: () => number): Model {
    const model: Model = {
      member: this.share.join(() => this.pump(model)),
      runMs,
      runners,
      wants: 0,
      running: 0,
      usedMs: 0,
      starts: [],
    };
    return model;
  }

  pump(model: Model): void {
    while (model.wants > 0 && model.running < model.runners) {
      const turn = this.share.take(model.member);
      if (turn === undefined) break;
      const ranMs = model.runMs();
      model.wants--;
      model.running++;
      model.starts.push(this.nowMs);
      this.#ends.push({
        atMs: this.nowMs + ranMs,
        end: () => {
          model.running--;
          model.usedMs += ranMs;
          this.share.end(turn, ranMs, model.wants > 0);
          this.pump(model);
        },
      });
      this.mostRunning = Math.max(this.mostRunning, this.share.running);
    }
    if (model.member.granted > 0) this.share.pass(model.member);
  }

  runUntil(atMs: number): void {
    for (;;) {
      this.#ends.sort((left, right) => left.atMs - right.atMs);
      const next = this.#ends[0];
      if (next === undefined || next.atMs > atMs) break;
      this.#ends.shift();
      this.nowMs = next.atMs;
      next.end();
    }
    this.nowMs = atMs;
  }
}

const runTimes = fc.record({
  meanMs: fc.integer({ min: 1, max: 50 }),
  spread: fc.double({ min: 0, max: 0.5, noNaN: true }),
});

/** Run times around the mean, the same for every simulation. */
function around({ meanMs, spread }: { meanMs: number; spread: number }): () => number {
  let count = 0;
  return () => meanMs * (1 + spread * Math.sin(++count * 2.4));
}

describe('DeviceShare', () => {
  it('gives saturated models equal time, however long their runs are, within a few runs', () => {
    fc.assert(
      fc.property(
        fc.array(runTimes, { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 1, max: 3 }),
        (times, maxRuns) => {
          const simulation = new Simulation(maxRuns);
          const models = times.map((time) => simulation.model(maxRuns, around(time)));
          for (const model of models) {
            model.wants = Infinity;
            simulation.pump(model);
          }
          simulation.runUntil(10_000);
          const used = models.map(({ usedMs }) => usedMs);
          const longest = Math.max(...times.map(({ meanMs, spread }) => meanMs * (1 + spread)));
          expect(Math.max(...used) - Math.min(...used)).toBeLessThanOrEqual(2 * (maxRuns + 1) * longest);
          expect(simulation.mostRunning).toBeLessThanOrEqual(maxRuns);
          const total = used.reduce((sum, ms) => sum + ms, 0);
          expect(total).toBeGreaterThan(maxRuns * (10_000 - 2 * longest));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('serves a model that comes after a pause as soon as one run ends', () => {
    fc.assert(
      fc.property(
        fc.array(runTimes, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 500, max: 1_500 }),
        (times, maxRuns, comesMs) => {
          const simulation = new Simulation(maxRuns);
          const saturated = times.map((time) => simulation.model(maxRuns, around(time)));
          for (const model of saturated) {
            model.wants = Infinity;
            simulation.pump(model);
          }
          const pausing = simulation.model(1, () => 5);
          for (const atMs of [100, comesMs]) {
            simulation.runUntil(atMs);
            pausing.wants = 1;
            simulation.pump(pausing);
          }
          simulation.runUntil(5_000);
          const longest = Math.max(...times.map(({ meanMs, spread }) => meanMs * (1 + spread)));
          expect(pausing.starts).toHaveLength(2);
          expect((pausing.starts[1] ?? Infinity) - comesMs).toBeLessThanOrEqual(longest);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('leaves no turn unused that a member passes', () => {
    const share = new DeviceShare(1);
    const called: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => share.join(() => called.push(name)));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three members');
    const turn = share.take(a);
    expect([share.take(b), share.take(c), share.contended]).toEqual([undefined, undefined, true]);
    if (turn !== undefined) share.end(turn, 1, false);
    expect(called).toEqual(['b']);
    share.pass(b);
    expect(called).toEqual(['b', 'c']);
    expect(share.take(c)).toMatchObject({ member: c });
    expect(share).toMatchObject({ running: 1, contended: false });
  });

  it('lets runs go on that were handed over before others came, and counts them', () => {
    const share = new DeviceShare(1);
    const called: string[] = [];
    const busy = share.join(() => called.push('busy'));
    const newcomer = share.join(() => called.push('newcomer'));
    const first = share.take(busy);
    share.take(newcomer);
    if (first !== undefined) share.end(first, 10, false);
    const second = share.force(busy);
    expect(called).toEqual(['newcomer']);
    expect(share.running).toBe(2);
    share.take(newcomer);
    share.end(second, 10, false);
    expect(share.take(busy)).toBeUndefined();
  });
});

describe('deviceShares', () => {
  it('makes one share per device', () => {
    const shareOf = deviceShares((device) => (device === 'cpu' ? 2 : 1));
    const cpu = shareOf('cpu');
    expect(shareOf('cpu')).toBe(cpu);
    const gpu = shareOf('cuda:0');
    const member = gpu.join(() => undefined);
    expect([gpu.take(member) !== undefined, gpu.take(member)]).toEqual([true, undefined]);
  });
});
