import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkModel } from './benchmark-models.ts';

/** Writes models in Triton's layout, so that any server that knows it can be measured with them. */
export function writeRepository(folder: string, models: readonly BenchmarkModel[]): void {
  for (const model of models) {
    mkdirSync(join(folder, model.name), { recursive: true });
    writeFileSync(join(folder, model.name, 'config.pbtxt'), configText(model));
    writeVersion(folder, model.name, 1, model.bytes());
  }
}

export function writeVersion(folder: string, name: string, version: number, bytes: Uint8Array): void {
  const directory = join(folder, name, String(version));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'model.onnx'), bytes);
}

export function removeVersion(folder: string, name: string, version: number): void {
  rmSync(join(folder, name, String(version)), { recursive: true });
}

/** One copy on the CPU with one thread, as the bare loop has; batches only as long as the runner is busy; no cache. */
export function configText({ name, maxBatchRows }: Pick<BenchmarkModel, 'name' | 'maxBatchRows'>): string {
  return `name: "${name}"
backend: "onnxruntime"
max_batch_size: ${maxBatchRows}
${maxBatchRows > 1 ? 'dynamic_batching { max_queue_delay_microseconds: 0 }\n' : ''}instance_group [ { kind: KIND_CPU count: 1 } ]
parameters { key: "intra_op_thread_count" value { string_value: "1" } }
`;
}
