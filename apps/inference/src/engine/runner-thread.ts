import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { mapsAsTensors } from '@plumbline/onnx';
import { WireError } from '@plumbline/wire';
import { loadOnnxRuntime, OnnxSession, UnsupportedModel } from './onnx-session.ts';
import type { FromThread, ToThread } from './protocol.ts';
import { scanModel, UnsafeModel } from './scan-model.ts';

// The entry of a runner thread: one model, one session. It blocks while it opens and runs, and serves nothing else.

type Open = Extract<ToThread, { kind: 'open' }>;

const port = parentPort;
if (port === null) throw new Error('runner-thread.ts is the entry of a worker thread');

const runtime = loadOnnxRuntime();
let session: OnnxSession | undefined;

function tell(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, [...transfer]);
}

async function open({ model: { path, digest }, limits, session: options }: Open): Promise<void> {
  try {
    const model = readFileSync(path);
    if (`sha256:${createHash('sha256').update(model).digest('hex')}` !== digest) {
      return tell({
        kind: 'refused',
        reason: 'ARTIFACT_CORRUPT',
        detail: 'the model file changed since it was verified',
      });
    }
    scanModel(model, limits);
    session = await OnnxSession.create(await runtime, mapsAsTensors(model).model, options);
    tell({ kind: 'opened', signature: session.signature });
  } catch (error) {
    tell(refusalOf(error));
  }
}

function refusalOf(error: unknown): FromThread {
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof UnsafeModel) return { kind: 'refused', reason: 'MODEL_UNSAFE', detail };
  if (error instanceof UnsupportedModel) return { kind: 'refused', reason: 'MODEL_UNSUPPORTED', detail };
  if (error instanceof WireError) return { kind: 'refused', reason: 'MODEL_INVALID', detail };
  const unsupported = detail.startsWith('Unsupported data type');
  return { kind: 'refused', reason: unsupported ? 'MODEL_UNSUPPORTED' : 'MODEL_INVALID', detail };
}

async function run({ id, buffer, inputs, outputs }: Extract<ToThread, { kind: 'run' }>): Promise<void> {
  try {
    if (session === undefined) throw new Error('no model is open');
    const startMs = performance.now();
    const results = await session.run(buffer, inputs, outputs);
    const inferUs = Math.round((performance.now() - startMs) * 1000);
    const own = results.flatMap((result) => (result.own === undefined ? [] : [result.own]));
    tell({ kind: 'ran', id, buffer, outputs: results, inferUs }, [buffer, ...own]);
  } catch (error) {
    tell({ kind: 'failed', id, detail: error instanceof Error ? error.message : String(error) });
  }
}

async function close(): Promise<void> {
  await session?.release();
  port?.close();
}

/** Messages are taken one after the other: a run begins when the one before has ended. */
let last: Promise<void> = Promise.resolve();
port.on('message', (message: ToThread) => {
  last = last.then(() => {
    if (message.kind === 'run') return run(message);
    return message.kind === 'open' ? open(message) : close();
  });
});
