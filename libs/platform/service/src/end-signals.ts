/** One Ctrl-C may come as several signals, from the terminal and from whoever forwards them. */
const SAME_SIGNAL_MS = 1_000;

export interface EndSignals {
  /** Where SIGTERM and SIGINT come from: the process. */
  readonly source: { on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown };
  readonly nowMs: () => number;
  /** Called once, by the first signal. */
  readonly stop: (signal: 'SIGTERM' | 'SIGINT') => void;
  /** Called by a signal that comes a second or more after the first: whoever sends it does not want to wait. */
  readonly quit: () => void;
}

export function followEndSignals({ source, nowMs, stop, quit }: EndSignals): void {
  let firstMs: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    source.on(signal, () => {
      if (firstMs !== undefined && nowMs() - firstMs >= SAME_SIGNAL_MS) quit();
      if (firstMs !== undefined) return;
      firstMs = nowMs();
      stop(signal);
    });
  }
}
