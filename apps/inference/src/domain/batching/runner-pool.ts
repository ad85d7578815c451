import { DeviceShare, type DeviceMember, type Turn } from './device-share.ts';
import type { Device } from '../runners/devices.ts';
import type { Runner } from '../runners/runner.ts';
import { ReplacementBackoff } from './replacement-backoff.ts';

export interface RunnerPoolOptions {
  /** Makes a runner on the device to replace one that was lost. Rejects when the signal fires: the pool closes. */
  readonly reopen: (signal: AbortSignal, device: Device) => Promise<Runner>;
  /** Runs that one runner is given at once: 2 hides the way to the runner and back behind the run before. */
  readonly depth: number;
  /** The device as it is shared with other models; without it the pool has its devices to itself. */
  readonly shareOf?: (device: Device) => DeviceShare;
  /** Resolves after so many milliseconds, or early when the pool closes. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called when a runner has become free, and when one could not be replaced: a time to look at what waits. */
  readonly onFree: () => void;
  /** Told of each loss and each failed attempt to replace a runner. */
  readonly onLoss: (error: unknown) => void;
}

interface Slot {
  readonly device: Device;
  readonly seat: Seat;
  runner: Runner | undefined;
  underWay: number;
  /** When all that it was given is expected to have run. */
  endMs: number;
  /** That of the run under way; what was handed over behind it has none yet. */
  turn: Turn | undefined;
  readonly backoff: ReplacementBackoff;
}

/** The pool on one device. */
interface Seat {
  readonly share: DeviceShare;
  readonly member: DeviceMember;
}

/**
 * The runners of one version. A lost runner is replaced, with exponential backoff while that fails and while one
 * replacement after the other is lost.
 */
export class RunnerPool {
  readonly #slots: readonly Slot[];
  readonly #seats: readonly Seat[];
  readonly #options: RunnerPoolOptions;
  readonly #closing = new AbortController();
  readonly #replacements = new Set<Promise<void>>();
  #live: number;
  #underWay = 0;
  #stranded = false;

  constructor(runners: readonly Runner[], options: RunnerPoolOptions) {
    const unshared = new DeviceShare(Infinity);
    const shareOf = options.shareOf ?? (() => unshared);
    const seats = new Map<Device, Seat>();
    for (const { device } of runners) {
      const share = shareOf(device);
      if (!seats.has(device)) seats.set(device, { share, member: share.join(options.onFree) });
    }
    this.#slots = runners.map((runner) => ({
      device: runner.device,
      seat: seats.get(runner.device) as Seat,
      runner,
      underWay: 0,
      endMs: 0,
      turn: undefined,
      backoff: new ReplacementBackoff(),
    }));
    this.#seats = [...seats.values()];
    this.#options = options;
    this.#live = runners.length;
  }

  /** Runners that live. */
  get live(): number {
    return this.#live;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Runners that live and have nothing under way. */
  get idle(): number {
    return this.#slots.reduce((sum, { runner, underWay }) => (runner && underWay === 0 ? sum + 1 : sum), 0);
  }

  /** True while no runner lives and the last attempt to replace one has failed. */
  get stranded(): boolean {
    return this.#live === 0 && this.#stranded;
  }

  /** When the first of the busy runners that may be given more is expected to be done; Infinity where there is none. */
  get nextEndMs(): number {
    return this.#slots.reduce(
      (next, { runner, underWay, endMs }) =>
        runner && underWay > 0 && underWay < this.#options.depth ? Math.min(next, endMs) : next,
      Infinity,
    );
  }

  /** Says when a runner is expected to be done after the run that it was given last takes `runMs`. */
  expect(runner: Runner, nowMs: number, runMs: number): void {
    const slot = this.#slots.find((candidate) => candidate.runner === runner);
    if (slot !== undefined) slot.endMs = (slot.underWay > 1 ? Math.max(slot.endMs, nowMs) : nowMs) + runMs;
  }

  /**
   * A free runner, the least busy first; undefined when none is free, or it is others' turn on its device. Give it back
   * with `release`, `lose` or `handBack`.
   * @param depth runs that a runner may have then, if that is less than it may have at all.
   */
  acquire(depth = this.#options.depth): Runner | undefined {
    let refused: Seat | undefined;
    for (let busy = 0; busy < Math.min(depth, this.#options.depth); busy++) {
      for (const slot of this.#slots) {
        if (slot.underWay !== busy || slot.runner === undefined || slot.seat === refused) continue;
        if (this.#mayRun(slot)) return this.#handOver(slot);
        refused = slot.seat;
      }
    }
    return undefined;
  }

  /**
   * @param ranMs that the run took.
   * @param more whether something waits that a runner could run.
   */
  release(runner: Runner, ranMs: number, more = false): void {
    const slot = this.#slots.find((candidate) => candidate.runner === runner);
    if (slot === undefined) return;
    slot.underWay--;
    this.#underWay--;
    slot.backoff.answered();
    this.#endTurn(slot, ranMs, more && slot.underWay === 0);
    if (slot.underWay > 0) slot.turn = slot.seat.share.force(slot.seat.member);
    this.#options.onFree();
  }

  /** Gives back a runner that there was nothing for. */
  handBack(runner: Runner): void {
    const slot = this.#slots.find((candidate) => candidate.runner === runner);
    if (slot === undefined) return;
    slot.underWay--;
    this.#underWay--;
    if (slot.underWay > 0 || slot.turn === undefined) return;
    slot.seat.share.cancel(slot.turn);
    slot.turn = undefined;
  }

  /**
   * Takes a lost runner out and starts replacing it. Each of its runs under way may report the same loss; true for the
   * first that does, the one that it was running.
   * @param ranMs that the run took.
   */
  lose(runner: Runner, error: unknown, ranMs: number): boolean {
    const slot = this.#slots.find((candidate) => candidate.runner === runner);
    if (slot === undefined) return false;
    this.#underWay -= slot.underWay;
    this.#live--;
    slot.runner = undefined;
    slot.underWay = 0;
    slot.backoff.lost();
    this.#endTurn(slot, ranMs, false);
    this.#options.onLoss(error);
    const replacement = this.#replace(slot).finally(() => this.#replacements.delete(replacement));
    this.#replacements.add(replacement);
    return true;
  }

  /** Nothing waits: turns that have come go to others. */
  pass(): void {
    for (const { share, member } of this.#seats) {
      if (member.granted > 0) share.pass(member);
    }
  }

  /** Closes every runner after what it has under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const { share, member } of this.#seats) share.pass(member);
    await Promise.all(this.#replacements);
    await Promise.all(this.#slots.map(async ({ runner }) => runner?.close()));
  }

  #mayRun(slot: Slot): boolean {
    const { share, member } = slot.seat;
    if (slot.underWay > 0) return share.calm;
    slot.turn = share.take(member);
    return slot.turn !== undefined;
  }

  #handOver(slot: Slot): Runner | undefined {
    slot.underWay++;
    this.#underWay++;
    return slot.runner;
  }

  #endTurn(slot: Slot, ranMs: number, more: boolean): void {
    const { turn, seat } = slot;
    slot.turn = undefined;
    if (turn !== undefined) seat.share.end(turn, ranMs, more);
  }

  async #replace(slot: Slot): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const { waitMs } = slot.backoff;
      if (waitMs > 0) await this.#options.delay(waitMs, signal);
      if (signal.aborted) return;
      try {
        slot.runner = await this.#options.reopen(signal, slot.device);
        this.#live++;
        this.#stranded = false;
        this.#options.onFree();
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#stranded = true;
        slot.backoff.failed();
        this.#options.onLoss(error);
        this.#options.onFree();
      }
    }
  }
}
