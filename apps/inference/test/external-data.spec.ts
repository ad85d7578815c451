import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { appendFile, copyFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { fileObjects } from '@plumbline/objects';
import type { ManifestFile } from '@plumbline/release';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { probe } from '../src/domain/runners/probe.ts';
import type { ModelFile, Runner } from '../src/domain/runners/runner.ts';
import { versionArtifacts } from '../src/store/version-artifacts.ts';
import { openProcess, openThread } from './runners.ts';
import { modelFolder, startStandalone } from './standalone.ts';

// A model as PyTorch's exporter writes it, whose weights lie in a file beside it, wherever models come from and run.

const EXPORTS = join(import.meta.dirname, 'exports');
const MODEL = readFileSync(join(EXPORTS, 'pytorch.onnx'));
const WEIGHTS = readFileSync(join(EXPORTS, 'pytorch.onnx.data'));
const EXPECTED = JSON.parse(readFileSync(join(EXPORTS, 'pytorch.json'), 'utf8')) as {
  readonly inputs: { readonly input: { readonly values: number[] } };
  readonly outputs: { readonly output: { readonly values: number[] } };
};
const ROWS = EXPECTED.inputs.input.values.length / 4;
const { signal } = new AbortController();

/** The model in a folder of its own, verified. */
async function verified(): Promise<ModelFile & { readonly weights: string }> {
  const folder = await temporaryDirectory();
  const put = async (name: string, content: Buffer) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return { name, path, digest: `sha256:${createHash('sha256').update(content).digest('hex')}` };
  };
  const weights = await put('pytorch.onnx.data', WEIGHTS);
  return { ...(await put('model.onnx', MODEL)), beside: [weights], weights: weights.path };
}

const TIERS: readonly [string, (model: ModelFile) => Promise<Runner>][] = [
  ['a thread', (model) => openThread(model, signal)],
  ['a process', async (model) => (await openProcess(model, signal)).runner],
];

describe.each(TIERS)('a model with external data on %s', (_, open) => {
  it('answers as PyTorch did', async () => {
    const runner = await open(await verified());
    const input = new Float32Array(EXPECTED.inputs.input.values);
    const [output] = await probe(runner, {
      shapes: [[ROWS, 4]],
      raw: [new Uint8Array(input.buffer)],
    });
    const values = new Float32Array(output?.raw.slice().buffer ?? new ArrayBuffer());
    expect(output?.shape).toEqual([ROWS, 3]);
    values.forEach((value, at) => expect(value).toBeCloseTo(EXPECTED.outputs.output.values[at] ?? NaN, 5));
    await runner.close();
  });

  it('is refused where the data changed since it was verified', async () => {
    const model = await verified();
    await writeFile(
      model.weights,
      WEIGHTS.map((byte) => byte ^ 1),
    );
    await expect(open(model)).rejects.toMatchObject({
      reason: 'ARTIFACT_CORRUPT',
      message: expect.stringContaining('pytorch.onnx.data changed'),
    });
  });

  it('is refused where the data is not among the files of its version, though it lies in the folder', async () => {
    await expect(open({ ...(await verified()), beside: [] })).rejects.toMatchObject({
      reason: 'ARTIFACT_MISSING',
      message: expect.stringContaining('"pytorch.onnx.data"'),
    });
  });
});

describe('a version of the object store with external data', () => {
  const store = async (contents: Readonly<Record<string, Buffer>>) => {
    const objects = fileObjects(await temporaryDirectory());
    const files: ManifestFile[] = [];
    for (const [path, content] of Object.entries(contents)) {
      const { digest, sizeBytes } = await objects.put(content);
      files.push({ path, digest, sizeBytes: BigInt(sizeBytes) });
    }
    return { objects, files };
  };

  it('is verified with all its files, counts with all their bytes, and is opened', async () => {
    const parts = { 'model.onnx': MODEL, 'pytorch.onnx.data': WEIGHTS, 'notes/readme.md': Buffer.from('!') };
    const { objects, files } = await store(parts);
    const { model, modelBytes } = await versionArtifacts(objects).read(files);
    expect(modelBytes).toBe(MODEL.length + WEIGHTS.length + 1);
    const runner = await openThread(model, signal);
    expect(runner.signature.outputs).toMatchObject([{ name: 'output', shape: [-1, 3] }]);
    await runner.close();
  });

  it('is refused where the stored data is missing or corrupt', async () => {
    const { objects, files } = await store({ 'model.onnx': MODEL, 'pytorch.onnx.data': WEIGHTS });
    const data = files[1]?.digest ?? '';
    await appendFile(await objects.path(data), '!');
    const read = () => versionArtifacts(objects).read(files);
    await expect(read()).rejects.toMatchObject({ reason: 'ARTIFACT_CORRUPT' });
    await objects.remove(data);
    await expect(read()).rejects.toMatchObject({ reason: 'ARTIFACT_MISSING' });
  });
});

describe('a folder of models with external data', () => {
  const files = { 'net/1/model.onnx': MODEL, 'net/1/pytorch.onnx.data': WEIGHTS };
  const reasonOf = async (replica: Awaited<ReturnType<typeof startStandalone>>, reason: RegExp) =>
    eventually(async () => {
      const { models } = await replica.oip.repositoryIndex({});
      return models.find((model) => reason.test(model.reason));
    });

  it('is served, and new data is a new version', async () => {
    const { root } = await modelFolder(files);
    const replica = await startStandalone(root, { MODEL_CONTROL_MODE: 'poll' });
    await replica.ready();
    const digest = async () => (await replica.oip.modelMetadata({ name: 'net' })).properties['digest'];
    const before = await digest();
    await writeFile(
      join(root, 'net/1/pytorch.onnx.data'),
      WEIGHTS.map((byte) => byte & 0xbf),
    );
    await eventually(async () => (await digest()) !== before);
    await replica.stop();
  });

  it('refuses a version whose data is missing or cut off, and one whose data is a link that leads out', async () => {
    const { root, put } = await modelFolder({ 'missing/1/model.onnx': MODEL, 'short/1/model.onnx': MODEL });
    await put('short/1/pytorch.onnx.data', WEIGHTS.subarray(0, 600));
    await put('linked/1/model.onnx', MODEL);
    const outside = join(await temporaryDirectory(), 'weights');
    await copyFile(join(EXPORTS, 'pytorch.onnx.data'), outside);
    await symlink(outside, join(root, 'linked/1/pytorch.onnx.data'));
    const replica = await startStandalone(root);
    await reasonOf(replica, /ARTIFACT_MISSING: .*"pytorch\.onnx\.data"/);
    await reasonOf(replica, /MODEL_UNSAFE: .*takes 384 bytes from 512 of "pytorch\.onnx\.data"/);
    await reasonOf(replica, /REPOSITORY_INVALID: .*pytorch\.onnx\.data" leads out of the repository/);
    await replica.stop();
  });

  it('takes the data of a load by RPC', async () => {
    const { root } = await modelFolder({ 'other/1/model.onnx': MODEL });
    const replica = await startStandalone(root, { MODEL_CONTROL_MODE: 'explicit' });
    const bytes = (value: Uint8Array) => ({ parameterChoice: { case: 'bytesParam' as const, value } });
    await replica.oip.repositoryModelLoad({
      modelName: 'brought',
      parameters: {
        config: { parameterChoice: { case: 'stringParam', value: '{}' } },
        'file:1/model.onnx': bytes(MODEL),
        'file:1/pytorch.onnx.data': bytes(WEIGHTS),
      },
    });
    expect((await replica.oip.modelReady({ name: 'brought' })).ready).toBe(true);
    await replica.stop();
  });
});
