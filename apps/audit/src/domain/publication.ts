import { setTimeout as delay } from 'node:timers/promises';
import { type PublishedTree } from './integrate.ts';

/** The newest published tree, wherever in the deployment it was signed. */
export interface Publication {
  /** The newest checkpoint. The empty tree has one too. */
  latest(): Promise<PublishedTree>;
  /** The newest checkpoint as soon as its tree has at least `size` leaves. Rejects with the signal's reason. */
  covering(size: bigint, signal: AbortSignal): Promise<PublishedTree>;
  /** Tells waiters of a tree that this process has published. */
  announce(tree: PublishedTree): void;
}

/** How often waiters look for trees that other processes have published. */
const LOOK_AGAIN_MS = 250;

export function createPublication(readLatest: () => Promise<PublishedTree>): Publication {
  let announced = Promise.withResolvers<void>();

  async function covering(size: bigint, signal: AbortSignal): Promise<PublishedTree> {
    for (;;) {
      signal.throwIfAborted();
      const { promise: news } = announced;
      const tree = await readLatest();
      if (tree.size >= size) return tree;
      await eitherFirst(news, signal);
    }
  }

  return {
    latest: readLatest,
    covering,
    announce() {
      announced.resolve();
      announced = Promise.withResolvers<void>();
    },
  };
}

async function eitherFirst(news: Promise<void>, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const pause = delay(LOOK_AGAIN_MS, undefined, { signal: AbortSignal.any([signal, stop.signal]) });
  try {
    await Promise.race([news, pause]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    stop.abort();
    pause.catch(() => undefined);
  }
}
