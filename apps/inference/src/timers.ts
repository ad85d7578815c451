import { setTimeout as sleep } from 'node:timers/promises';

/** Calls `ring` after so many milliseconds, unless what it returns is called before. Keeps no process alive. */
export function alarm(ms: number, ring: () => void): () => void {
  const timer = setTimeout(ring, ms).unref();
  return () => clearTimeout(timer);
}

/** Resolves after the time, or at once when the signal fires. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  // The one way that this fails is the signal, and the caller sees that itself.
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
