import { TieredEngine, type TieredEngineOptions } from './tiered-engine.ts';

export { THREAD_ENTRY } from './thread-link.ts';

type ThreadOptions = Pick<TieredEngineOptions, 'limits' | 'heapMiB' | 'abandoned'> & { readonly entry: URL };

/** The engine of a service that names no providers: the CPU. */
export class ThreadEngine {
  static start({ limits, heapMiB, abandoned }: ThreadOptions): Promise<TieredEngine> {
    return TieredEngine.start({ providers: ['cpu'], processMemoryMiB: 4096, limits, heapMiB, abandoned });
  }
}
