import { parentPort, workerData } from 'node:worker_threads';
import { outputsAsTensors } from '@plumbline/onnx';
import { WireError } from '@plumbline/wire';
import { checkBatchBytes } from '../domain/runners/batch-buffer.ts';
import type { ThreadData } from './idle-threads.ts';
import { leaveBatch } from './leave-batch.ts';
import { lowerPriority } from './lower-priority.ts';
import { memoryEstimate } from './memory-estimate.ts';
import { loadOnnxRuntime, OnnxSession, UnsupportedModel } from './onnx-session.ts';
import { AbsentFile, ChangedFile, free, readModel } from './read-model.ts';
import type { FromRunner, OpenRefusal, OpenRequest, RunRequest, ToRunner } from './protocol.ts';
import { machineUs } from './run-times.ts';
import { scanModel } from './scan-model.ts';
import { UnsafeModel } from './unsafe-model.ts';

// The entry of a runner thread: one model at a time. It blocks while it opens and runs, and serves nothing else.

const port = parentPort;
if (port === null) throw new Error('runner-thread.ts is the entry of a worker thread');

lowerPriority((workerData as ThreadData).niceness);
const runtime = loadOnnxRuntime();
let session: OnnxSession | undefined;
/** Whether this process is the model's own. */
let confined = false;

function tell(message: FromRunner, transfer: Iterable<ArrayBuffer> = []): void {
  port?.postMessage(message, [...transfer]);
}

async function open({
  model: file,
  limits,
  session: options,
  exhausted,
  ...where
}: OpenRequest): Promise<void> {
  confined = where.confined;
  let model: Buffer<ArrayBuffer> | undefined;
  try {
    const rssBytes = process.memoryUsage.rss();
    model = readModel(file);
    const { trap, growth } = scanModel(model, limits);
    if (trap !== undefined && !confined) {
      return tell({
        kind: 'misplaced',
        detail: `${trap} of whole numbers ends its process for some of them`,
      });
    }
    if (growth !== undefined && !confined) {
      return tell({ kind: 'misplaced', detail: `requests decide on the size of what ${growth} makes` });
    }
    if (exhausted !== undefined) return refuse('RUNNERS_EXHAUSTED', exhausted);
    session = await OnnxSession.create(await runtime, outputsAsTensors(model), options);
    const modelBytes = model.length;
    free(model);
    model = undefined;
    const memoryBytes = memoryEstimate(modelBytes, process.memoryUsage.rss() - rssBytes);
    tell({ kind: 'opened', signature: session.signature, memoryBytes });
  } catch (error) {
    refuse(reasonOf(error), detailOf(error));
  } finally {
    if (model !== undefined) free(model);
  }
}

function refuse(reason: OpenRefusal, detail: string): void {
  tell({ kind: 'refused', reason, detail });
}

function reasonOf(error: unknown): OpenRefusal {
  if (error instanceof ChangedFile) return 'ARTIFACT_CORRUPT';
  if (error instanceof AbsentFile) return 'ARTIFACT_MISSING';
  if (error instanceof UnsafeModel) return 'MODEL_UNSAFE';
  if (error instanceof UnsupportedModel) return 'MODEL_UNSUPPORTED';
  if (error instanceof WireError) return 'MODEL_INVALID';
  return detailOf(error).startsWith('Unsupported data type') ? 'MODEL_UNSUPPORTED' : 'MODEL_INVALID';
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function run({ id, buffer, inputs, outputs }: RunRequest): Promise<void> {
  try {
    if (session === undefined) throw new Error('no model is open');
    const startedUs = machineUs();
    const ran = await session.run(buffer, inputs, outputs);
    checkBatchBytes(ran.outputs.reduce((sum, { raw }) => sum + raw.length, 0));
    // A process keeps its buffers for runs to come.
    const made = confined ? ran.outputs : leaveBatch(ran.outputs, buffer);
    const buffers = new Set(made.map(({ raw }) => raw.buffer as ArrayBuffer));
    tell({ kind: 'ran', id, startedUs, ...ran, outputs: made }, buffers);
  } catch (error) {
    tell({ kind: 'failed', id, detail: detailOf(error) });
  }
}

async function close(): Promise<void> {
  await session?.release();
  session = undefined;
}

async function take(message: ToRunner): Promise<void> {
  if (message.kind === 'open') return open(message);
  if (message.kind === 'run') return run(message);
  await close();
  if (message.kind === 'end') port?.close();
  else tell({ kind: 'closed' });
}

/** Messages are taken one after the other: a run begins when the one before has ended. */
let last: Promise<void> = Promise.resolve();
port.on('message', (message: ToRunner) => {
  last = last.then(() => take(message));
});
