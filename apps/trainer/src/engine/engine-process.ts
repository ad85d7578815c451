import { EngineFailure } from './engine-failure.ts';
import { memoryLimit } from './memory.ts';
import type { FromEngine, ToEngine } from './protocol.ts';
import { runFit, type TaskTools } from './run-fit.ts';
import { runScore } from './run-score.ts';

// The entry of the process that fits and scores: one task in its life. It gets no credentials, reads the files that
// the task names, and answers by its channel. Its parent alone decides when it ends.

process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(1));
process.once('message', (message: ToEngine) => {
  void work(message).then(tellAndExit);
});

async function work(message: ToEngine): Promise<FromEngine> {
  const tools: TaskTools = {
    memory: memoryLimit(message.memoryBytes),
    report: (progress) => tell({ kind: 'progress', ...progress }),
  };
  try {
    const outcome =
      message.kind === 'fit' ? await runFit(message.task, tools) : await runScore(message.task, tools);
    return { kind: 'done', outcome };
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): FromEngine {
  if (error instanceof EngineFailure) return { kind: 'failed', reason: error.reason, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: 'failed', reason: 'ENGINE_FAILED', message };
}

function tell(message: FromEngine): void {
  process.send?.(message);
}

function tellAndExit(message: FromEngine): void {
  process.send?.(message, undefined, undefined, () => process.exit(0));
}
