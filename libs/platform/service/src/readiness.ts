export interface Readiness {
  /** Declares a dependency; `check` rejects while it is away. */
  add(name: string, check: () => Promise<void>): void;
  /** Why the service is not ready as a whole, e.g. while it starts or drains; undefined lifts it. */
  hold(reason: string | undefined): void;
  /** Calls back after each `hold`. Answers a function that unsubscribes. */
  onHold(listener: () => void): () => void;
  report(): Promise<ReadinessReport>;
}

export interface ReadinessReport {
  readonly ready: boolean;
  /** `ok`, or what is wrong, by dependency. */
  readonly checks: Readonly<Record<string, string>>;
}

const CHECK_TIMEOUT_MS = 2_500;

export function createReadiness(): Readiness {
  const checks = new Map<string, () => Promise<void>>();
  const listeners = new Set<() => void>();
  let held: string | undefined;
  return {
    add: (name, check) => void checks.set(name, check),
    hold(reason) {
      held = reason;
      for (const listener of listeners) listener();
    },
    onHold(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async report() {
      const results = await Promise.all(
        [...checks].map(async ([name, check]): Promise<[string, string]> => [name, await outcome(check)]),
      );
      const all = Object.fromEntries(held === undefined ? results : [['service', held], ...results]);
      return { ready: Object.values(all).every((result) => result === 'ok'), checks: all };
    },
  };
}

async function outcome(check: () => Promise<void>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, CHECK_TIMEOUT_MS, `no answer within ${CHECK_TIMEOUT_MS} ms`);
  });
  try {
    return await Promise.race([check().then(() => 'ok'), late]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
