import { describe, expect, it } from '@jest/globals';
import { manifestDigest } from '@plumbline/release';
import { FakeRunner } from '../../../test/fake-runner.ts';
import { loadVersion, reopenRunner, type LoadOptions } from './load-version.ts';
import type { VersionContent } from './version-content.ts';
import type { Runner } from '../runners/runner.ts';
import { NO_CONFIG, type ModelConfig } from '../settings/model-config.ts';
import type { ListedVersion } from '../traffic.ts';

const FILES = [{ path: 'model.onnx', digest: `sha256:${'0'.repeat(64)}`, sizeBytes: 1n }];
const VERSION: ListedVersion = {
  digest: manifestDigest(FILES),
  files: FILES,
  owners: [{ tenant: 'acme', model: 'sums', number: 1 }],
};
const never = new AbortController().signal;

/** What a load needs, of one content and of the runners that are opened in turn. */
function optionsOf(runners: readonly FakeRunner[], config: Partial<ModelConfig> = {}): LoadOptions {
  const waiting = [...runners];
  const content: VersionContent = {
    model: { path: '/model.onnx', digest: FILES[0]?.digest ?? '' },
    modelBytes: 1,
    signature: undefined,
    golden: undefined,
    config: { ...NO_CONFIG, ...config },
    placeOf: (field) => `config.pbtxt:7:1 (${field})`,
    named: new Map(),
  };
  return {
    artifacts: { read: async () => content },
    engine: {
      providers: [{ device: 'cpu', available: true, detail: '' }],
      abandoned: 0,
      open: async () => waiting.shift() as Runner,
    },
    runners: 1,
    maxBatchRows: 4,
  };
}

describe('loadVersion', () => {
  it('says where the configuration gives what contradicts the model, and closes what it opened', async () => {
    const runner = new FakeRunner();
    const inputs = [{ name: 'z', datatype: 'FP32', dims: [1], labelFilename: '' }] as const;
    await expect(loadVersion(VERSION, optionsOf([runner], { inputs }), never)).rejects.toMatchObject({
      reason: 'MODEL_CONFIG_INVALID',
      message: 'config.pbtxt:7:1 (input[0].name): input[0].name is "z"; the model has "x", "k"',
      fieldViolations: [{ field: 'input[0].name' }],
    });
    expect(runner.closed).toBe(true);
  });

  it('says where it asks for a device that is not there', async () => {
    const instanceGroups = [{ name: '', kind: 'GPU', count: 1, gpus: [] }] as const;
    await expect(loadVersion(VERSION, optionsOf([], { instanceGroups }), never)).rejects.toMatchObject({
      reason: 'PROVIDER_UNAVAILABLE',
      message: expect.stringMatching(/^config\.pbtxt:7:1 \(instance_group\[0\]\.kind\): /),
    });
  });

  it('fails where a runner ends while it is tried', async () => {
    const runner = new FakeRunner({ crashesOn: () => true });
    await expect(loadVersion(VERSION, optionsOf([runner]), never)).rejects.toMatchObject({
      reason: 'MODEL_INVALID',
    });
  });
});

describe('reopenRunner', () => {
  const load = (options: LoadOptions) => loadVersion(VERSION, options, never);

  it('opens a runner that has run batches of the sizes that the first one ran', async () => {
    const [first, later] = [new FakeRunner(), new FakeRunner()];
    const options = optionsOf([first, later]);
    const { model } = await load(options);
    expect(await reopenRunner(VERSION, model, 'cpu', options, never)).toBe(later);
    const sizes = ({ batches }: FakeRunner) => new Set(batches.map(([rows]) => rows));
    expect(sizes(later)).toEqual(new Set([1, 2, 3, 4]));
    expect(sizes(later)).toEqual(sizes(first));
  });

  it('closes a runner that ends while it is warmed up, and abandons one when the signal fires', async () => {
    const crashing = new FakeRunner({ crashesOn: () => true });
    const controller = new AbortController();
    const leaving = new FakeRunner({
      before: async () => {
        controller.abort(new Error('closing'));
      },
    });
    const options = optionsOf([new FakeRunner(), crashing, leaving]);
    const { model } = await load(options);
    const reopen = (signal: AbortSignal) => reopenRunner(VERSION, model, 'cpu', options, signal);
    await expect(reopen(never)).rejects.toMatchObject({ reason: 'MODEL_INVALID' });
    expect(crashing.closed).toBe(true);
    await expect(reopen(controller.signal)).rejects.toMatchObject({ reason: 'MODEL_INVALID' });
    expect(leaving.abandoned).toBe(true);
  });
});
