import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { NO_TELEMETRY } from '@plumbline/onnx';
import { temporaryDirectory } from '@plumbline/testing';
import { boostedTrees } from '../src/inference/models/boosted-trees.ts';
import { int8Perceptron } from '../src/inference/models/int8-perceptron.ts';
import { perceptron } from '../src/inference/models/perceptron.ts';
import type { BareQuestion, BareRunReport } from '../src/inference/programs/bare-run.ts';
import type { LoadQuestion } from '../src/inference/programs/load-questions.ts';
import { Children } from '../src/processes/children.ts';
import type { ClosedLoopReport } from '../src/processes/closed-loop.ts';
import type { OpenLoopReport } from '../src/processes/open-loop.ts';
import { Program } from '../src/processes/program.ts';

const PROGRAMS = '../src/inference/programs';
const UNIMPLEMENTED = 12;
const shape = { model: 'm', features: 4, rows: 1 };
const batch = { features: 8, rows: 4, device: 'cpu' };

describe('the programs of the benchmark', () => {
  let children: Children;
  const start = (name: string) => Program.start(children, new URL(`${PROGRAMS}/${name}.ts`, import.meta.url));

  beforeAll(async () => {
    children = await Children.start();
  });
  afterAll(() => children.close());

  it('run ONNX Runtime without its telemetry', async () => {
    const spawned = jest.spyOn(children, 'spawn');
    const program = start('bare-run');
    expect(spawned.mock.calls[0]?.[2]?.env).toMatchObject({ ...NO_TELEMETRY });
    spawned.mockRestore();
    await program.stop();
  });

  describe('against the echo server', () => {
    let address: string;

    beforeAll(async () => {
      address = `127.0.0.1:${await start('echo-server').ask<number>(null)}`;
    });

    it('make unary calls in closed loop', async () => {
      const question: LoadQuestion = { kind: 'closed', address, shape, inFlight: 8, requests: 500 };
      const report = await start('unary-load').ask<ClosedLoopReport>(question);
      expect(report).toMatchObject({ ok: 500, failures: {} });
      expect(report.seconds).toBeGreaterThan(0);
    });

    it('make unary calls in open loop at about the rate asked for', async () => {
      const question: LoadQuestion = { kind: 'open', address, shape, perSecond: 400, seconds: 1 };
      const { sent, failures, latencyMs } = await start('unary-load').ask<OpenLoopReport>(question);
      expect(failures).toEqual({});
      // 400 ± 20 is one standard deviation.
      expect(sent).toBeGreaterThan(280);
      expect(sent).toBeLessThan(520);
      expect(latencyMs.p50).toBeGreaterThan(0);
      expect(latencyMs.max).toBeGreaterThanOrEqual(latencyMs.p999);
    });

    it('end the open loop when told to', async () => {
      const load = start('unary-load');
      const report = load.ask<OpenLoopReport>({ kind: 'open', address, shape, perSecond: 200 });
      await load.ask({ kind: 'closed', address, shape, inFlight: 1, requests: 20 } satisfies LoadQuestion);
      await load.ask({ kind: 'stop' } satisfies LoadQuestion);
      expect((await report).failures).toEqual({});
    });

    it('end the open loop when told to before it has begun', async () => {
      const load = start('unary-load');
      const report = load.ask<OpenLoopReport>({ kind: 'open', address, shape, perSecond: 200 });
      await load.ask({ kind: 'stop' } satisfies LoadQuestion);
      expect((await report).failures).toEqual({});
    });

    it('count refusals, which HTTP takes for success, by their gRPC status', async () => {
      // The echo server offers one method, and not the coalesced stream.
      const question: LoadQuestion = { kind: 'closed', address, shape, inFlight: 2, requests: 6 };
      const report = await start('coalesced-load').ask<ClosedLoopReport>(question);
      expect(report).toMatchObject({ ok: 0, failures: { [UNIMPLEMENTED]: 6 } });
    });
  });

  it.each([
    ['perceptron', perceptron([8, 16, 4], 1)],
    ['quantised perceptron', int8Perceptron([8, 16, 4], 1)],
    ['ensemble of trees', boostedTrees(5, 3, 8, 1)],
  ])('run the %s bare', async (_name, model) => {
    const modelFile = join(await temporaryDirectory(), 'model.onnx');
    writeFileSync(modelFile, model);
    const question: BareQuestion = { kind: 'run', modelFile, ...batch, seconds: 0.05 };
    const report = await start('bare-run').ask<BareRunReport>(question);
    expect(report.rowsPerSecond).toBeGreaterThan(0);
    expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms);
  });

  it('tell what went wrong', async () => {
    const question: BareQuestion = { kind: 'answer', modelFile: '/nowhere/model.onnx', ...batch };
    await expect(start('bare-run').ask(question)).rejects.toThrow(/bare-run\.ts: .*ENOENT/);
  });

  it('fail what is asked of them when they end', async () => {
    const load = start('unary-load');
    const report = load.ask({ kind: 'open', address: '127.0.0.1:9', shape, perSecond: 1 });
    await expect(Promise.all([report, load.stop()])).rejects.toThrow(/unary-load\.ts/);
  });
});
