import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkModel } from './benchmark-models.ts';

/** Writes models in Triton's layout, so that any server that knows it can be measured with them; to run on `device`. */
export function writeRepository(folder: string, models: readonly BenchmarkModel[], device = 'cpu'): void {
  for (const model of models) {
    mkdirSync(join(folder, model.name), { recursive: true });
    writeFileSync(join(folder, model.name, 'config.pbtxt'), configText(model, device));
    writeVersion(folder, model.name, 1, model.bytes());
  }
}

export function writeVersion(folder: string, name: string, version: number, bytes: Uint8Array): void {
  const directory = join(folder, name, String(version));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'model.onnx'), bytes);
}

export function removeModel(folder: string, { name }: BenchmarkModel): void {
  rmSync(join(folder, name), { recursive: true });
}

export function removeVersion(folder: string, name: string, version: number): void {
  rmSync(join(folder, name, String(version)), { recursive: true });
}

/**
 * One copy on `device`, on the CPU with one thread, as the bare loop has; batches only as long as the runner is busy; no
 * cache.
 */
export function configText(
  { name, maxBatchRows, untrusted }: Pick<BenchmarkModel, 'name' | 'maxBatchRows' | 'untrusted'>,
  device = 'cpu',
): string {
  const lines = [
    `name: "${name}"`,
    'backend: "onnxruntime"',
    `max_batch_size: ${maxBatchRows}`,
    ...(maxBatchRows > 1 ? ['dynamic_batching { max_queue_delay_microseconds: 0 }'] : []),
    `instance_group [ { ${placeOf(device)} count: 1 } ]`,
    parameter('intra_op_thread_count', '1'),
    ...(untrusted ? [parameter('plumbline.untrusted', 'true')] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function placeOf(device: string): string {
  const [name, number = '0'] = device.split(':');
  return name === 'cuda' ? `kind: KIND_GPU gpus: [ ${number} ]` : 'kind: KIND_CPU';
}

function parameter(key: string, value: string): string {
  return `parameters { key: "${key}" value { string_value: "${value}" } }`;
}
