import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import { createChannel, createClient, rawUnary, type Channel } from '@plumbline/rpc';
import { startService, type RunningService } from '@plumbline/service';
import { buildInferRequest, parseInferResponse, rawOutputs, type RawTensor } from '@plumbline/tensors';
import { eventually, recordingLog, temporaryDirectory, type RecordingLog } from '@plumbline/testing';
import { config } from '../src/config.ts';
import { build } from '../src/server.ts';
import { floats, numbersOf } from './replica.ts';

/** A folder of models that the test writes. */
export interface ModelFolder {
  readonly root: string;
  /** Puts a file at `<model>/…`. */
  put(path: string, content: Uint8Array | string): Promise<void>;
}

export async function modelFolder(
  files: Readonly<Record<string, Uint8Array | string>> = {},
): Promise<ModelFolder> {
  const root = await temporaryDirectory();
  const put = async (path: string, content: Uint8Array | string) => {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  };
  for (const [path, content] of Object.entries(files)) await put(path, content);
  return { root, put };
}

/** A whole inference service on a folder of models, and a client without credentials. */
export interface Standalone {
  readonly service: RunningService;
  readonly log: RecordingLog;
  readonly channel: Channel;
  readonly oip: ReturnType<typeof createClient<typeof GRPCInferenceService>>;
  /** The numbers of output `y` for rows of input `x`, and the version that answered. */
  infer(
    model: string,
    rows: readonly number[][],
    version?: string,
  ): Promise<{ readonly version: string; readonly y: number[] }>;
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export async function startStandalone(
  root: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Standalone> {
  const log = recordingLog();
  const values = config.parse({
    MODEL_REPOSITORY: root,
    GRPC_PORT: '0',
    ADMIN_PORT: '0',
    STATE_DIR: await temporaryDirectory(),
    POLL_INTERVAL_MS: '20',
    DEVICE_RUNS: '8', // however few cores the machine has
    ...settings,
  });
  const service = await startService({ values, log, build });
  const port = await eventually(
    () => log.lines.find(({ message }) => message === 'serving')?.fields['port'] as number,
  );
  const channel = createChannel(`127.0.0.1:${port}`);
  const oip = createClient(GRPCInferenceService, channel);
  return {
    service,
    log,
    channel,
    oip,
    infer: (model, rows, version = '') => infer(channel, model, rows, version),
    ready: async () => void (await eventually(async () => (await oip.serverReady({})).ready)),
    async stop() {
      channel.close();
      await service.stop();
    },
  };
}

async function infer(channel: Channel, modelName: string, rows: readonly number[][], modelVersion: string) {
  const shape = [rows.length, rows[0]?.length ?? 0];
  const x: RawTensor = { name: 'x', datatype: 'FP32', shape, raw: floats(...rows.flat()) };
  const request = buildInferRequest({ modelName, modelVersion, id: '', inputs: [x] });
  const method = 'inference.GRPCInferenceService/ModelInfer';
  const { response } = await rawUnary(channel, method, request, { timeoutMs: 120_000 });
  const view = parseInferResponse(response);
  const [y] = rawOutputs(view);
  if (y === undefined) throw new TypeError('the answer has no output');
  return { version: view.modelVersion, y: numbersOf(y) };
}
