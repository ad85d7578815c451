import type { EngineReason } from '../domain/errors.ts';
import type {
  EngineProgress,
  FitOutcome,
  FitTask,
  ScoreOutcome,
  ScoreTask,
} from '../domain/training/engine.ts';

/** What the engine's process is told: one task in its life. */
export type ToEngine =
  | { readonly kind: 'fit'; readonly task: FitTask; readonly memoryBytes: number }
  | { readonly kind: 'score'; readonly task: ScoreTask; readonly memoryBytes: number };

/** What it tells. `done` or `failed` is its last word. */
export type FromEngine =
  | ({ readonly kind: 'progress' } & EngineProgress)
  | { readonly kind: 'done'; readonly outcome: FitOutcome | ScoreOutcome }
  | { readonly kind: 'failed'; readonly reason: EngineReason; readonly message: string };
