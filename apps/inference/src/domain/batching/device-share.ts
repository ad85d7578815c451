import type { Device } from '../runners/devices.ts';

/** One who runs on a device: the runners that a model has on it. */
export interface DeviceMember {
  /** Called when its turn has come: `take` it, or `pass`. */
  readonly onTurn: () => void;
  /** Virtual time at which all that it has taken ends. */
  finishMs: number;
  /** What its next run is expected to take. */
  expectedMs: number;
  /** Turns that are kept for it. */
  granted: number;
}

/** A run's place on a device. */
export interface Turn {
  readonly member: DeviceMember;
  /** What the run was expected to take. */
  readonly chargedMs: number;
}

/** Runs that nobody had to wait for before a device counts as calm. */
const CALM_RUNS = 8;
/** Weight of the newest run in what the next is expected to take. */
const NEWEST_WEIGHT = 0.25;
/** What is left, with every further run, of the memory that a run took long. */
const LONGEST_DECAY = 0.999;

/**
 * Shares one device between models: at most so many runs at once, and where more would run, the turn goes to whoever
 * has had least of the device. This is start-time fair queueing (Goyal, Vin, Cheng: SIGCOMM 1996; for several runs at
 * once Jin, Chase, Kaur: SIGMETRICS 2004): a run's start tag is the end of its model's run before, or the virtual time
 * less a few runs where that is later; virtual time is the tag of the run whose turn came last. So nobody saves up much
 * by pausing, and one that comes after a pause waits only until one run ends. The few runs are what a model that never
 * pauses may lag behind, because run times are known afterwards only: without them it would lose a little each time.
 */
export class DeviceShare {
  readonly #maxRuns: number;
  readonly #waiting = new Set<DeviceMember>();
  #running = 0;
  #virtualMs = 0;
  #runsSinceWait = CALM_RUNS;
  #longestMs = 0;

  /** @param maxRuns of all models together; Infinity: nobody ever waits. */
  constructor(maxRuns: number) {
    this.#maxRuns = maxRuns;
  }

  /** Runs under way, and turns kept for those that have not begun. */
  get running(): number {
    return this.#running;
  }

  /** Whether somebody waits for a turn. */
  get contended(): boolean {
    return this.#waiting.size > 0;
  }

  /**
   * Whether a run may be handed over behind another, to begin without a turn of its own: nobody waits, and nobody had
   * to for some runs, so that it hardly takes anybody's.
   */
  get calm(): boolean {
    return !this.contended && this.#running <= this.#maxRuns && this.#runsSinceWait >= CALM_RUNS;
  }

  join(onTurn: () => void): DeviceMember {
    return { onTurn, finishMs: 0, expectedMs: 0, granted: 0 };
  }

  /** A turn, if one is free or kept for the member; otherwise the member is called when its turn has come. */
  take(member: DeviceMember): Turn | undefined {
    if (member.granted > 0) member.granted--;
    else if (this.#running < this.#maxRuns) this.#reserve(member);
    else {
      this.#waiting.add(member);
      this.#runsSinceWait = 0;
      return undefined;
    }
    return this.#begin(member);
  }

  /** A turn out of turn, for a run that its runner begins by itself: it was handed over while the device was calm. */
  force(member: DeviceMember): Turn {
    this.#running++;
    return this.#begin(member);
  }

  /**
   * Ends a run's turn.
   * @param more whether the member has something else to run: it then stands for the turn beside those that wait, else
   * short runs would get no more turns than long ones.
   */
  end({ member, chargedMs }: Turn, ranMs: number, more: boolean): void {
    member.finishMs += ranMs - chargedMs;
    member.expectedMs += (ranMs - member.expectedMs) * NEWEST_WEIGHT;
    this.#longestMs = Math.max(ranMs, this.#longestMs * LONGEST_DECAY);
    this.#running--;
    if (more && this.contended) this.#waiting.add(member);
    this.#grant();
  }

  /** Gives back a turn that was taken for nothing. */
  cancel({ member, chargedMs }: Turn): void {
    member.finishMs -= chargedMs;
    this.#running--;
    this.#grant();
  }

  /** The member has nothing to run: what is kept for it goes to the next. */
  pass(member: DeviceMember): void {
    this.#waiting.delete(member);
    this.#running -= member.granted;
    member.granted = 0;
    this.#grant();
  }

  #begin(member: DeviceMember): Turn {
    this.#runsSinceWait++;
    member.finishMs = this.#startTag(member) + member.expectedMs;
    return { member, chargedMs: member.expectedMs };
  }

  #startTag({ finishMs }: DeviceMember): number {
    const lagMs = this.#maxRuns === Infinity ? 0 : (this.#maxRuns + 1) * this.#longestMs;
    return Math.max(this.#virtualMs - lagMs, finishMs);
  }

  /** Of equal tags that goes first which has paused for longer. */
  #isBefore(left: DeviceMember, right: DeviceMember): boolean {
    const [one, other] = [this.#startTag(left), this.#startTag(right)];
    return one < other || (one === other && left.finishMs < right.finishMs);
  }

  #reserve(member: DeviceMember): void {
    this.#running++;
    this.#virtualMs = Math.max(this.#virtualMs, this.#startTag(member));
  }

  #grant(): void {
    while (this.#running < this.#maxRuns && this.#waiting.size > 0) {
      let next: DeviceMember | undefined;
      for (const member of this.#waiting) {
        if (next === undefined || this.#isBefore(member, next)) next = member;
      }
      if (next === undefined) return;
      this.#waiting.delete(next);
      this.#reserve(next);
      next.granted++;
      next.onTurn();
    }
  }
}

/** One share per device, made when it is first asked for. */
export function deviceShares(maxRunsOf: (device: Device) => number): (device: Device) => DeviceShare {
  const shares = new Map<Device, DeviceShare>();
  return (device) => {
    const share = shares.get(device) ?? new DeviceShare(maxRunsOf(device));
    shares.set(device, share);
    return share;
  };
}
