import { setTimeout as delay } from 'node:timers/promises';
import { type PublishedTree } from './integrate.ts';

export interface IntegratorLoop {
  /** Does one step of integration; undefined when there is nothing left to do. */
  readonly step: () => Promise<PublishedTree | undefined>;
  readonly published: (tree: PublishedTree) => void;
  /** Pause between checkpoints while there is something to integrate, and between looks while there is not. */
  readonly intervalMs: number;
  readonly failed: (error: unknown) => void;
}

/** Integrates for ever: whatever waits, then a pause. A failing step is reported and tried again after the pause. */
export function startIntegrator({ step, published, intervalMs, failed }: IntegratorLoop): {
  close(): Promise<void>;
} {
  const stopping = new AbortController();

  async function catchUp(): Promise<void> {
    while (!stopping.signal.aborted) {
      const tree = await step();
      if (!tree) return;
      published(tree);
    }
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await catchUp().catch(failed);
      await delay(intervalMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const running = loop();
  return {
    async close() {
      stopping.abort();
      await running;
    },
  };
}
