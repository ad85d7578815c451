import type { Clock, Log } from '@plumbline/service';

export interface ModelKey {
  readonly tenant: string;
  readonly model: string;
}

export interface RoundsOptions {
  /** Models with windows to judge or midnights to announce. */
  readonly due: () => Promise<readonly ModelKey[]>;
  /** Judges some of a model's windows; yields whether more are due. */
  readonly judge: (key: ModelKey) => Promise<boolean>;
  /** Announces a model's midnights; yields whether one is held back out of patience. */
  readonly announce: (key: ModelKey, patient: boolean) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
  readonly intervalMs: number;
  readonly patienceMs: number;
}

export interface Rounds {
  /** Goes round now, or once more if a round is under way. */
  kick(): void;
  /** Finishes the model in hand. */
  close(): Promise<void>;
}

/**
 * Goes round the models that have become due, one at a time, when kicked and at intervals. What fails is logged and
 * tried again in the next round; rounds of other replicas skip what this one holds.
 */
export function startRounds(options: RoundsOptions): Rounds {
  const { due, judge, announce, clock, log, intervalMs, patienceMs } = options;
  const heldSinceUs = new Map<string, bigint>();
  let closed = false;
  let kicked = false;
  let wake = (): void => undefined;

  async function settleLabels(key: ModelKey): Promise<void> {
    const id = `${key.tenant}\0${key.model}`;
    const since = heldSinceUs.get(id) ?? clock.nowUs();
    const patient = clock.nowUs() - since < BigInt(patienceMs) * 1_000n;
    if (await announce(key, patient)) heldSinceUs.set(id, since);
    else heldSinceUs.delete(id);
  }

  async function visit(key: ModelKey): Promise<void> {
    try {
      while (!closed && (await judge(key)));
      if (!closed) await settleLabels(key);
    } catch (error) {
      log.warn({ error, tenant: key.tenant, model: key.model }, 'a model could not be judged; trying again');
    }
  }

  async function round(): Promise<void> {
    try {
      for (const key of await due()) await visit(key);
    } catch (error) {
      log.warn({ error }, 'due models could not be read; trying again');
    }
  }

  async function work(): Promise<void> {
    while (!closed) {
      kicked = false;
      await round();
      if (!kicked && !closed) await pause();
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, intervalMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const working = work();
  return {
    kick() {
      kicked = true;
      wake();
    },
    async close() {
      closed = true;
      wake();
      await working;
    },
  };
}
