// The entry of the other yardstick: onnxruntime-node in a loop, with nothing around it.
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { answerQuestions } from '../../processes/answer-questions.ts';
import { ascending, quantile } from '../../statistics/quantile.ts';
import { seededRandom } from '../../statistics/random.ts';
import { inputValues, type RowShape } from '../input-values.ts';

export interface BareBatch extends RowShape {
  readonly modelFile: string;
  readonly rows: number;
  /** `cpu` or `cuda:<number>`. */
  readonly device: string;
}

/** Runs the batch for `seconds`, answered with a BareRunReport; or once, answered with its first output. */
export type BareQuestion =
  | ({ readonly kind: 'run'; readonly seconds: number } & BareBatch)
  | ({ readonly kind: 'answer' } & BareBatch);

export interface BareRunReport {
  readonly rowsPerSecond: number;
  /** Of one run. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const sessions = new Map<string, Promise<InferenceSession>>();

answerQuestions<BareQuestion>(async (question) => {
  const session = await sessionOf(question);
  const x = inputOf(question);
  return question.kind === 'run' ? measure(session, x, question.seconds) : firstOutput(session, x);
});

function inputOf(batch: BareBatch): Tensor {
  const values = inputValues(batch, batch.rows, seededRandom(1));
  const shape = [batch.rows, batch.features];
  return values instanceof BigInt64Array
    ? new Tensor('int64', values, shape)
    : new Tensor('float32', values, shape);
}

async function firstOutput(session: InferenceSession, x: Tensor): Promise<number[]> {
  const outputs = await session.run({ x });
  const first = outputs[session.outputNames[0] as string] as Tensor;
  return Array.from(first.data as Float32Array);
}

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

/** With the settings that a server has which is not to disturb others; a device that cannot be had is an error. */
function sessionOf({ modelFile, device }: BareBatch): Promise<InferenceSession> {
  const key = `${device} ${modelFile}`;
  const open =
    sessions.get(key) ??
    InferenceSession.create(readFileSync(modelFile), {
      executionProviders: [providerOf(device)],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 4,
    });
  sessions.set(key, open);
  return open;
}

function providerOf(device: string): InferenceSession.ExecutionProviderConfig {
  const [name = '', number = '0'] = device.split(':');
  return name === 'cuda' ? { name, deviceId: Number(number) } : name;
}
