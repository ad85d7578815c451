// The entry of the other yardstick: onnxruntime-node in a loop on one thread, with nothing around it.
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { answerQuestions } from '../../processes/answer-questions.ts';
import { ascending, quantile } from '../../statistics/quantile.ts';
import { seededRandom, uniformFloats } from '../../statistics/random.ts';

/** Runs batches of `rows` for `seconds`. */
export interface BareRun {
  readonly modelFile: string;
  readonly features: number;
  readonly rows: number;
  readonly seconds: number;
}

export interface BareRunReport {
  readonly rowsPerSecond: number;
  /** Of one run. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const sessions = new Map<string, Promise<InferenceSession>>();

answerQuestions<BareRun>(async ({ modelFile, features, rows, seconds }) => {
  const session = await sessionOf(modelFile);
  const values = uniformFloats(rows * features, 1, seededRandom(rows));
  return measure(session, new Tensor('float32', values, [rows, features]), seconds);
});

async function measure(session: InferenceSession, x: Tensor, seconds: number): Promise<BareRunReport> {
  const timesMs: number[] = [];
  const startMs = performance.now();
  for (let nowMs = startMs; nowMs - startMs < seconds * 1_000;) {
    await session.run({ x });
    const endMs = performance.now();
    timesMs.push(endMs - nowMs);
    nowMs = endMs;
  }
  const elapsedMs = performance.now() - startMs;
  const sorted = ascending(timesMs);
  return {
    rowsPerSecond: (1_000 * timesMs.length * (x.dims[0] as number)) / elapsedMs,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  };
}

/** With the settings that a server has which is not to disturb others. */
function sessionOf(modelFile: string): Promise<InferenceSession> {
  const open =
    sessions.get(modelFile) ??
    InferenceSession.create(readFileSync(modelFile), {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 4,
    });
  sessions.set(modelFile, open);
  return open;
}
