import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { configText, removeVersion, writeRepository, writeVersion } from './model-repository.ts';
import { small } from './benchmark-models.ts';

describe('the repository of the benchmark', () => {
  it("has Triton's layout", async () => {
    const folder = await temporaryDirectory();
    writeRepository(folder, [small]);
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
      'bench_small',
      'bench_small/1',
      'bench_small/1/model.onnx',
      'bench_small/config.pbtxt',
    ]);
    expect(readFileSync(join(folder, 'bench_small/1/model.onnx'))).toEqual(Buffer.from(small.bytes()));
  });

  it('takes and loses versions', async () => {
    const folder = await temporaryDirectory();
    writeRepository(folder, [small]);
    writeVersion(folder, small.name, 2, small.bytes(9));
    removeVersion(folder, small.name, 1);
    expect(readdirSync(join(folder, small.name)).sort()).toEqual(['2', 'config.pbtxt']);
  });

  it('turns batching off at one row', () => {
    expect(configText({ name: 'm', maxBatchRows: 1 })).not.toContain('dynamic_batching');
    expect(configText({ name: 'm', maxBatchRows: 8 })).toContain('dynamic_batching');
  });

  it('names the device and the place of a model', () => {
    const model = { name: 'm', maxBatchRows: 8 };
    expect(configText(model)).toContain('instance_group [ { kind: KIND_CPU count: 1 } ]');
    expect(configText(model, 'cuda:1')).toContain(
      'instance_group [ { kind: KIND_GPU gpus: [ 1 ] count: 1 } ]',
    );
    expect(configText(model)).not.toContain('untrusted');
    expect(configText({ ...model, untrusted: true })).toContain('"plumbline.untrusted"');
  });
});
