import { describe, expect, it } from '@jest/globals';
import { rawUnary } from '@plumbline/rpc';
import { buildInferRequest } from '@plumbline/tensors';
import { eventually } from '@plumbline/testing';
import { EXECUTION_TRAILER, parseExecution, type Execution } from '@plumbline/traffic';
import { sizedModel } from './models.ts';
import { floats } from './replica.ts';
import { modelFolder, startStandalone, type Standalone } from './standalone.ts';

const config = (policy: string) => `
  max_batch_size: 8
  parameters { key: "plumbline.invariance" value { string_value: "${policy}" } }`;

async function executionOf({ channel }: Standalone, modelName: string): Promise<Execution> {
  const x = { name: 'x', datatype: 'FP32', shape: [1, 2], raw: floats(1, 2) };
  const request = buildInferRequest({ modelName, inputs: [x] });
  const { trailers } = await rawUnary(channel, 'inference.GRPCInferenceService/ModelInfer', request, {});
  return parseExecution(trailers.get(EXECUTION_TRAILER));
}

describe('a model whose answers depend on the size of the batch', () => {
  it('is served as its policy says, and its metadata and configuration tell what was found', async () => {
    const folder = await modelFolder({ 'usual/1/model.onnx': sizedModel() });
    for (const [name, policy] of Object.entries({ pinned: 'pin:4', served: 'serve', refused: 'refuse' })) {
      await folder.put(`${name}/1/model.onnx`, sizedModel());
      await folder.put(`${name}/config.pbtxt`, config(policy));
    }
    const server = await startStandalone(folder.root);
    try {
      await server.ready();
      const rows = [1, 2, 3, 4, 5, 6].map((value) => [value, value]);
      const answers = async (name: string, count: number) =>
        (await server.infer(name, rows.slice(0, count))).y;
      const propertiesOf = async (name: string) => (await server.oip.modelMetadata({ name })).properties;

      // 4 rows of 2 elements in every batch, whoever asks for how many.
      expect(await answers('pinned', 1)).toEqual([9, 9]);
      expect(await answers('pinned', 6)).toEqual(rows.flat().map((value) => value + 8));
      const pin = { invariance: 'INVARIANT', invariance_rows: '4' };
      expect(await propertiesOf('pinned')).toMatchObject(pin);
      expect(await executionOf(server, 'pinned')).toMatchObject({
        invariance: 'INVARIANT',
        invarianceRows: 4,
      });

      const schedulings = ['usual', 'pinned', 'served'].map(async (name) => {
        const { config } = await server.oip.modelConfig({ name });
        return [config?.maxBatchSize, config?.schedulingChoice.case];
      });
      expect(await Promise.all(schedulings)).toEqual([
        [64, undefined],
        [8, 'dynamicBatching'],
        [8, 'dynamicBatching'],
      ]);

      expect(await answers('usual', 1)).toEqual([3, 3]);
      expect(await answers('usual', 2)).toEqual([5, 5, 6, 6]);
      const usual = await propertiesOf('usual');
      expect(usual).toMatchObject({ invariance: 'VARIANT' });
      // Alone 2 elements, in the largest batch of the test 128.
      expect(Number(usual['invariance_difference'])).toBeCloseTo(126, 4);

      expect(await answers('served', 1)).toEqual([3, 3]);
      expect(await propertiesOf('served')).toMatchObject({ invariance: 'VARIANT' });
      expect(await executionOf(server, 'served')).toMatchObject({ invariance: 'VARIANT', invarianceRows: 0 });

      await expect(answers('refused', 1)).rejects.toMatchObject({ reason: 'MODEL_NOT_READY' });
      const refusal = await eventually(() =>
        server.log.lines.find(({ fields }) => fields['reason'] === 'INVARIANCE_REFUSED'),
      );
      expect(refusal.fields['error']).toMatch(/changes by up to/);
    } finally {
      await server.stop();
    }
  });
});
