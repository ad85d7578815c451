import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TensorProto_DataType as DataType, TensorProtoSchema } from '@plumbline/contract-onnx';
import { NO_TELEMETRY } from '@plumbline/onnx';
import { temporaryDirectory } from '@plumbline/testing';
import { slow, times } from '../src/models/graphs.ts';
import { EngineOracle } from '../src/onnx/engine-oracle.ts';
import { findCases, type OnnxCase } from '../src/onnx/find-cases.ts';
import { judgeCase } from '../src/onnx/judge-case.ts';
import { writeCase } from '../src/onnx/replay.ts';
import type { Claim, SkipEntry } from '../src/onnx/skip-list.ts';
import { startService, type RunningService } from '../src/target/start-service.ts';
import { openTarget, type Target } from '../src/target/target.ts';

const NUMBERS = [1, 2, 3, 4];

/** Writes a case in the layout of the ONNX project's test data. */
function writeTestdata(root: string, name: string, model: Uint8Array, output: readonly number[]): void {
  const folder = join(root, 'node', name, 'test_data_set_0');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, 'node', name, 'model.onnx'), model);
  writeFileSync(join(folder, 'input_0.pb'), floats(NUMBERS));
  writeFileSync(join(folder, 'output_0.pb'), floats(output));
}

function floats(values: readonly number[]): Uint8Array {
  const tensor = { dataType: DataType.FLOAT, dims: [1n, 4n], floatData: [...values] };
  return toBinary(TensorProtoSchema, create(TensorProtoSchema, tensor));
}

/** Processes that this one has started and that have not ended. */
function childIds(): string[] {
  const threads = readdirSync('/proc/self/task');
  return threads.flatMap((id) =>
    readFileSync(`/proc/self/task/${id}/children`, 'latin1').split(' ').filter(Boolean),
  );
}

describe('the oracle', () => {
  it('runs ONNX Runtime without its telemetry', async () => {
    const oracle = new EngineOracle();
    const before = childIds();
    await oracle.run({ modelFile: '/nowhere', inputs: [] });
    const [id = ''] = childIds().filter((child) => !before.includes(child));
    const environment = readFileSync(`/proc/${id}/environ`, 'utf8').split('\0');
    expect(environment).toEqual(
      expect.arrayContaining(Object.entries(NO_TELEMETRY).map((entry) => entry.join('='))),
    );
    oracle.close();
  });
});

describe('the replay of test data', () => {
  const oracle = new EngineOracle();
  let service: RunningService | undefined;
  let target: Target;
  let cases: ReadonlyMap<string, OnnxCase>;

  beforeAll(async () => {
    const directory = await temporaryDirectory();
    const [testdata, repository] = [join(directory, 'data'), join(directory, 'models')];
    mkdirSync(repository);
    writeTestdata(testdata, 'test_right', times(2), [2, 4, 6, 8]);
    writeTestdata(testdata, 'test_wrong', times(2), [2, 4, 6, 9]);
    writeTestdata(testdata, 'test_broken', Buffer.from('no model'), NUMBERS);
    writeTestdata(testdata, 'test_misfit', slow(false), NUMBERS);
    const found = findCases(testdata) ?? [];
    cases = new Map(found.map((testCase) => [testCase.name, testCase]));
    found.forEach((testCase) => writeCase(repository, testCase));
    service = await startService({ repository, directory, logFile: join(directory, 'log'), load: [] });
    target = await openTarget({ ...service, own: true, models: [] });
  });

  afterAll(async () => {
    oracle.close();
    target?.close();
    await service?.stop();
  });

  const judge = (name: string, claim?: Claim, more: Partial<SkipEntry> = {}, judged: Target = target) => {
    const entry = claim && { pattern: name, claim, reason: 'it is so', ...more };
    return judgeCase(judged, cases.get(`node/${name}`)!, entry, oracle);
  };

  it('passes a model whose answers are those expected', async () => {
    expect(await judge('test_right')).toEqual({ outcome: 'pass', reason: '' });
  });

  it('fails a model whose answers are others, naming where', async () => {
    expect(await judge('test_wrong')).toEqual({
      outcome: 'fail',
      reason: 'OUTPUT0 is 8 at element 3, not 9',
    });
  });

  it('fails a model that does not load', async () => {
    expect((await judge('test_broken')).reason).toMatch(/^the load failed: FAILED_PRECONDITION/);
  });

  it('skips a case that the engine alone answers otherwise than expected', async () => {
    const verdict = { outcome: 'skipped', reason: 'it is so' };
    expect(await judge('test_wrong', 'engine-differs')).toEqual(verdict);
    expect(await judge('test_misfit', 'engine-cannot-run')).toEqual(verdict);
  });

  it('fails a skipped case whose claim does not hold', async () => {
    const verdict = await judge('test_wrong', 'engine-cannot-open');
    expect(verdict.outcome).toBe('fail');
    expect(verdict.reason).toMatch(/claims engine-cannot-open, but onnxruntime-node does it/);
    expect((await judge('test_wrong', 'not-a-tensor')).reason).toMatch(/every input and output is a tensor/);
    expect((await judge('test_wrong', 'bfloat16')).reason).toMatch(/no input or output is bfloat16/);
  });

  it('fails an entry whose case passes, unless it may', async () => {
    expect(await judge('test_right', 'engine-differs')).toEqual({
      outcome: 'fail',
      reason: 'it passes: remove "test_right" from the skip list',
    });
    expect((await judge('test_right', 'engine-differs', { mayPass: true })).outcome).toBe('pass');
  });

  it('passes a foreign server that does what our engine cannot', async () => {
    const foreign = { ...target, own: false };
    expect((await judge('test_right', 'engine-differs', {}, foreign)).outcome).toBe('pass');
  });
});
