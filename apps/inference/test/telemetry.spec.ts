import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { timesModel } from './models.ts';
import { modelFolder } from './standalone.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');

/** Starts the service as an installation does, and ends it as soon as its models are served. Resolves with its status. */
async function serveOnce(root: string, home: string): Promise<number | null> {
  const service = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Without the variables of a build machine, for which ONNX Runtime would make an exception.
    env: { HOME: home, STATE_DIR: home, MODEL_REPOSITORY: root, GRPC_PORT: '0', ADMIN_PORT: '0' },
  });
  let log = '';
  service.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    // Once: a second signal, where it comes late, ends the service at once.
    if (log.includes('versions from') && !service.killed) service.kill('SIGTERM');
  });
  const [status] = (await once(service, 'close')) as [number | null];
  return status;
}

describe('ONNX Runtime', () => {
  it('keeps no identifier of the machine and no events to be sent', async () => {
    const { root } = await modelFolder({ 'double/1/model.onnx': timesModel(2) });
    const home = await temporaryDirectory();
    expect(await serveOnce(root, home)).toBe(0);
    const kept = await readdir(home, { recursive: true });
    expect(kept.filter((name) => /onnxruntime|deviceid/i.test(name))).toEqual([]);
  });
});
