import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { probe } from '../src/domain/runners/probe.ts';
import { RunnerLost, type Runner } from '../src/domain/runners/runner.ts';
import { RunnerPool } from '../src/domain/batching/runner-pool.ts';
import { TimedRunner } from '../src/domain/runners/timed-runner.ts';
import { TieredEngine } from '../src/engine/tiered-engine.ts';
import { constantModel, divisionModel, growingModel, loopModel, mlpModel, timesModel } from './models.ts';
import { engineOptions, modelFile, openProcess } from './runners.ts';

const never = new AbortController().signal;
const UNTRUSTED = { device: 'cpu', intraOpThreads: 1, untrusted: true };
/** Hours of a loop. */
const FOREVER = 2 ** 32;

const entry = (name: string) => ({ entry: new URL(name, import.meta.url) });
const lives = (pid: number) => existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(statusOf(pid));

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return 'State:\tZ';
  }
}

async function ask(runner: Runner, ...values: number[]): Promise<number[]> {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  const [output] = await probe(runner, { shapes: [[values.length / 2, 2]], raw: [raw] });
  return [...new Float32Array(output?.raw.slice().buffer ?? new ArrayBuffer(0))];
}

describe('a runner in a process', () => {
  it('answers as one on a thread, says what it takes of memory, and is gone when it is closed', async () => {
    const { runner, pid } = await openProcess(await modelFile(timesModel(3)), never);
    expect(runner.signature).toEqual({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
    });
    expect(runner.memoryBytes).toBeGreaterThan(10 * 2 ** 20);
    expect(await Promise.all([ask(runner, 1, 2, 3, 4), ask(runner, 5, 6)])).toEqual([
      [3, 6, 9, 12],
      [15, 18],
    ]);
    await runner.close();
    await eventually(() => !lives(pid));
    await expect(ask(runner, 1, 2)).rejects.toBeInstanceOf(RunnerLost);
  });

  it('finishes the runs it was given before it is closed, however large', async () => {
    const { runner } = await openProcess(await modelFile(mlpModel([4096, 16, 4096])), never);
    const rows = { shapes: [[256, 4096]], raw: [new Uint8Array(256 * 4096 * 4)] };
    const runs = Array.from({ length: 4 }, () => probe(runner, rows));
    await runner.close();
    for (const [output] of await Promise.all(runs)) expect(output?.raw.length).toBe(256 * 4096 * 4);
  });

  it('gives every run its own answer, however many large and small ones are under way', async () => {
    const { runner } = await openProcess(await modelFile(timesModel(2, 512)), never);
    const runs = Array.from({ length: 40 }, async (_, index) => {
      const rows = index % 3 === 0 ? 1 : 100 + index;
      const values = new Float32Array(rows * 512).fill(index);
      const [output] = await probe(runner, { shapes: [[rows, 512]], raw: [new Uint8Array(values.buffer)] });
      const { buffer, byteOffset } = output!.raw;
      return new Float32Array(buffer, byteOffset, rows * 512).every((value) => value === 2 * index);
    });
    expect(await Promise.all(runs)).toEqual(Array(40).fill(true));
    await runner.close();
  });

  it('fails what it had under way when it is killed, and its pool replaces it', async () => {
    const file = await modelFile(loopModel());
    const first = await openProcess(file, never);
    const losses: unknown[] = [];
    const pool = new RunnerPool([first.runner], {
      reopen: async (signal) => (await openProcess(file, signal)).runner,
      depth: 2,
      delay: () => Promise.resolve(),
      onFree: () => undefined,
      onLoss: (error) => losses.push(error),
    });
    const runner = pool.acquire()!;
    const runs = [ask(runner, FOREVER, FOREVER), ask(runner, 1, 1)];
    process.kill(first.pid, 'SIGKILL');
    for (const run of await Promise.allSettled(runs)) {
      expect(run).toMatchObject({
        reason: { name: 'RunnerLost', message: expect.stringContaining('SIGKILL') },
      });
    }
    pool.lose(runner, new RunnerLost('killed'), 1);
    const second = await eventually(() => pool.acquire());
    expect(await ask(second, 1, 1)).toEqual([1, 1]);
    expect(losses).toHaveLength(1);
    pool.release(second, 1);
    await pool.close();
  });

  it('is killed in the middle of a run that does not end in time, and never counts as abandoned', async () => {
    const engine = await TieredEngine.start(engineOptions());
    const file = await modelFile(loopModel());
    for (let round = 0; round < 3; round++) {
      const opened = await engine.open(file, UNTRUSTED, never);
      const timed = new TimedRunner(opened, 100, (ms, ring) => {
        const timer = setTimeout(ring, ms);
        return () => clearTimeout(timer);
      });
      await expect(ask(timed, FOREVER, FOREVER)).rejects.toMatchObject({ name: 'RunTimedOut' });
      expect(engine.abandoned).toBe(0);
    }
    engine.close();
  });

  it('gives its process up while it opens a model, when the signal fires', async () => {
    const controller = new AbortController();
    const opening = openProcess(await modelFile(timesModel(2)), controller.signal);
    controller.abort(new Error('late'));
    await expect(opening).rejects.toThrow('late');
  });

  it('dies with the service, even one that is killed while a model runs', async () => {
    const script = fileURLToPath(new URL('./orphaning-service.ts', import.meta.url));
    const file = await modelFile(loopModel());
    const service = spawn(process.execPath, [script, JSON.stringify(file)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(service.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const cpuTicks = () => Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')[13]);
    const before = cpuTicks();
    await eventually(() => cpuTicks() > before + 10);
    service.kill('SIGKILL');
    await eventually(() => !lives(pid));
  });

  it('is killed when its model takes more memory than it may, in a run or while it is opened', async () => {
    const bounds = { memoryMiB: 384 };
    const { runner, pid } = await openProcess(await modelFile(growingModel()), never, bounds);
    expect(await ask(runner, 2, 1)).toEqual([2, 1]);
    await expect(ask(runner, 2 ** 27, 1)).rejects.toMatchObject({
      name: 'RunnerLost',
      message: expect.stringContaining('more than its 384 MiB'),
    });
    await eventually(() => !lives(pid));
    const opening = openProcess(await modelFile(constantModel(2 ** 27)), never, bounds);
    await expect(opening).rejects.toMatchObject({
      reason: 'MODEL_INVALID',
      message: expect.stringContaining('more than its 384 MiB'),
    });
  });

  it('refuses a run that asks for far more memory than it may take, and lives on', async () => {
    const { runner } = await openProcess(await modelFile(growingModel()), never, { memoryMiB: 384 });
    await expect(ask(runner, 2 ** 30, 1)).rejects.toMatchObject({ name: 'RunFailed' });
    expect(await ask(runner, 2, 1)).toEqual([2, 1]);
    await runner.close();
  });

  it('takes a crash of native code with it, and nothing else', async () => {
    const { runner, pid } = await openProcess(await modelFile(divisionModel()), never);
    expect(await ask(runner, 12, 3)).toEqual([16, 7]);
    await expect(ask(runner, -(2 ** 63), -1)).rejects.toMatchObject({
      message: expect.stringContaining('SIGFPE'),
    });
    expect(lives(pid)).toBe(false);
  });

  it('is started without the environment of the service, whose secrets are there', async () => {
    process.env['SERVICE_SECRET'] = 'not for models';
    const opening = openProcess(await modelFile(timesModel(2)), never, entry('./telling-process.ts'));
    const { message } = (await opening.catch((error: unknown) => error)) as Error;
    delete process.env['SERVICE_SECRET'];
    expect(JSON.parse(message)).not.toContain('SERVICE_SECRET');
    expect(JSON.parse(message)).not.toContain('HOME');
  });

  it.each([
    ['a frame of 4 GiB', 1],
    ['a head that is no JSON', 2],
    ['a message of no known kind', 3],
    ['outputs past the end of their frame', 4],
    ['a shape that its bytes do not fill', 5],
    ['fewer outputs than the model has', 6],
    ['dimensions that are no numbers', 7],
    ['bytes that it has not placed', 8],
    ['bytes in the place of no run', 9],
    ['an answer to a run that nobody asked for, and then silence', 10],
  ])('is killed when it answers with %s', async (_, attack) => {
    const opened = await openProcess(await modelFile(timesModel(2)), never, entry('./hostile-process.ts'));
    await expect(ask(opened.runner, attack, 0)).rejects.toBeInstanceOf(RunnerLost);
    await eventually(() => !lives(opened.pid));
  });

  it('may write to its standard streams whatever it likes', async () => {
    const { runner } = await openProcess(
      await modelFile(timesModel(2)),
      never,
      entry('./talkative-process.ts'),
    );
    expect(await ask(runner, 2, 3)).toEqual([4, 6]);
    await runner.close();
  });
});
