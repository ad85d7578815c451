import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { JobState, type Job } from '@plumbline/contract-trainer';
import { openDatabase } from '@plumbline/sql';
import { eventually, silentLog, testEvents } from '@plumbline/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRig, type TrainerRig } from './rig.ts';
import { specOfTest } from './specs.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

let rig: TrainerRig;
let trainer: ChildProcess | undefined;

beforeAll(async () => {
  rig = await startRig(await testEvents());
  await rig.stopTrainer();
});

afterAll(async () => {
  trainer?.kill('SIGKILL');
  await rig.close();
});

function start(): ChildProcess {
  trainer = spawn(process.execPath, [MAIN], { env: rig.environment, stdio: 'ignore' });
  return trainer;
}

async function job(jobId: string): Promise<Job> {
  return (await rig.client.getJob({ jobId })).job!;
}

describe('a killed trainer', () => {
  it('leaves its job to the next one, which proposes what the first would have', async () => {
    const spec = specOfTest({ parametersJson: '{"trees":600,"leaves":64,"minLeafWeight":1}' });
    const jobId = randomUUID();
    const first = start();
    await eventually(() => rig.client.startTraining({ jobId, spec }));
    await eventually(async () => (await job(jobId)).progress > 0 && (await job(jobId)).phase === 'fitting');
    first.kill('SIGKILL');
    await once(first, 'exit');
    expect(rig.registered).toHaveLength(0);

    start();
    const finished = await eventually(
      async () => {
        const current = await job(jobId);
        return current.state === JobState.SUCCEEDED ? current : undefined;
      },
      { timeoutMs: 60_000 },
    );
    expect(rig.built).toHaveLength(2);
    const database = openDatabase({ url: rig.databaseUrl, schema: rig.schema, log: silentLog });
    const rows = await database.query<{ attempts: number }>('SELECT attempts FROM job WHERE job_id = $1', [
      jobId,
    ]);
    await database.close();
    expect(rows).toEqual([{ attempts: 2 }]);

    const undisturbed = randomUUID();
    await rig.client.startTraining({ jobId: undisturbed, spec });
    await eventually(async () => (await job(undisturbed)).state === JobState.SUCCEEDED);
    expect((await job(undisturbed)).versionDigest).toBe(finished.versionDigest);
  });
});
