import { EngineFailure } from './engine-failure.ts';

/** Bounds the memory of the engine's process. The heap has a limit of its own; typed arrays lie outside it. */
export interface MemoryLimit {
  /** Throws DATASET_TOO_LARGE when `bytes` more than now would exceed the limit. */
  reserve(bytes: number, what: string): void;
  /** Throws ENGINE_MEMORY_EXCEEDED when the process is above the limit. */
  check(): void;
}

const MIB = 1024 * 1024;

export function memoryLimit(
  limitBytes: number,
  residentBytes: () => number = () => process.memoryUsage.rss(),
): MemoryLimit {
  return {
    reserve(bytes, what) {
      if (residentBytes() + bytes <= limitBytes) return;
      throw new EngineFailure(
        'DATASET_TOO_LARGE',
        `${what} needs about ${Math.ceil(bytes / MIB)} MiB; the process may have ${Math.floor(limitBytes / MIB)}`,
      );
    },
    check() {
      const resident = residentBytes();
      if (resident <= limitBytes) return;
      throw new EngineFailure(
        'ENGINE_MEMORY_EXCEEDED',
        `the process has ${Math.ceil(resident / MIB)} MiB; it may have ${Math.floor(limitBytes / MIB)}`,
      );
    },
  };
}
