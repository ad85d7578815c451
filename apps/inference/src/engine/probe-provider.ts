import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel } from '@plumbline/onnx';
import type { Device } from '../domain/runners/devices.ts';
import { probe } from '../domain/runners/probe.ts';
import type { Engine, ModelFile, ProviderReport } from '../domain/runners/runner.ts';

/** A driver that hangs must not keep the service from starting on the other providers. */
const PROBE_LIMIT_MS = 60_000;

/** Opens a session on the device and runs it once. */
export async function probeProvider(device: Device, open: Engine['open']): Promise<ProviderReport> {
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-probe-'));
  try {
    await runProbe(await probeModel(directory), device, open);
    return { device, available: true, detail: '' };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { device, available: false, detail, cause: error };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function runProbe(model: ModelFile, device: Device, open: Engine['open']): Promise<void> {
  const options = { device, intraOpThreads: 1, untrusted: false };
  const limit = AbortSignal.timeout(PROBE_LIMIT_MS);
  const runner = await open(model, options, limit);
  const abandon = () => runner.abandon();
  limit.addEventListener('abort', abandon);
  try {
    await probe(runner, { shapes: [[1]], raw: [new Uint8Array(4)] });
    await runner.close();
  } finally {
    limit.removeEventListener('abort', abandon);
  }
}

async function probeModel(directory: string): Promise<ModelFile> {
  const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [-1] });
  const model = buildModel({
    name: 'probe',
    producer: { name: 'plumbline', version: '' },
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    nodes: [{ operator: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
  });
  const path = join(directory, 'probe.onnx');
  await writeFile(path, model);
  return { path, digest: `sha256:${createHash('sha256').update(model).digest('hex')}` };
}
