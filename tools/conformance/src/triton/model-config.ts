import { DataType, ModelInput_Format, type ModelConfig } from '@plumbline/contract-oip';
import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import type { Target } from '../target/target.ts';

const extension = 'model_configuration';

export async function configOf({ client }: Target, name: string, version = ''): Promise<ModelConfig> {
  const { config } = await client.modelConfig({ name, version });
  expect(config !== undefined, `ModelConfig of ${name} has no config`);
  return config;
}

export const modelConfigChecks: Checks = {
  tensors: {
    title: 'ModelConfig has name, platform, max_batch_size, inputs and outputs without the batch dimension',
    models: ['simple'],
    extension,
    run: async (target) => {
      const config = await configOf(target, 'simple');
      expectEqual(config.name, 'simple', 'the name');
      expectEqual(config.maxBatchSize, 8, 'max_batch_size');
      expect(config.platform !== '' || config.backend !== '', 'neither platform nor backend is given');
      const tensors = (names: string[]) =>
        names.map((name) => ({ name, dataType: DataType.TYPE_INT32, dims: [16n] }));
      const plain = ({ name, dataType, dims }: { name: string; dataType: DataType; dims: bigint[] }) => ({
        name,
        dataType,
        dims,
      });
      expectEqual(config.input.map(plain), tensors(['INPUT0', 'INPUT1']), 'input');
      expectEqual(config.output.map(plain), tensors(['OUTPUT0', 'OUTPUT1']), 'output');
    },
  },
  format: {
    title: 'ModelConfig shows the order of the dimensions of an image, without which image clients give up',
    models: ['densenet_onnx', 'simple'],
    extension,
    run: async (target) => {
      const formatOf = async (model: string) => (await configOf(target, model)).input[0]?.format;
      expectEqual(await formatOf('densenet_onnx'), ModelInput_Format.NCHW, 'the format of the image');
      expectEqual(await formatOf('simple'), ModelInput_Format.NONE, 'the format of what is none');
    },
  },
  scheduling: {
    title: 'ModelConfig shows the scheduling as configured',
    models: ['prioritized'],
    extension,
    run: async (target) => {
      const { schedulingChoice } = await configOf(target, 'prioritized');
      expect(schedulingChoice.case === 'dynamicBatching', 'dynamic_batching is not given');
      expectEqual(schedulingChoice.value.priorityLevels, 2n, 'priority_levels');
      expectEqual(schedulingChoice.value.defaultPriorityLevel, 2n, 'default_priority_level');
    },
  },
  unbatched: {
    title: 'ModelConfig of a model without a batch dimension has max_batch_size 0',
    models: ['slow'],
    extension,
    run: async (target) => expectEqual((await configOf(target, 'slow')).maxBatchSize, 0, 'max_batch_size'),
  },
  versions: {
    title: 'ModelConfig shows the version policy, whatever version is asked for',
    models: ['versioned'],
    extension,
    run: async (target) => {
      for (const version of ['', '1', '2']) {
        const { versionPolicy } = await configOf(target, 'versioned', version);
        expectEqual(versionPolicy?.policyChoice.case, 'all', 'version_policy');
      }
    },
  },
  instances: {
    title: 'ModelConfig shows how many copies of the model there are',
    models: ['slow'],
    extension,
    run: async (target) => {
      const { instanceGroup } = await configOf(target, 'slow');
      expectEqual(
        instanceGroup.map(({ count }) => count),
        [1],
        'the counts of instance_group',
      );
    },
  },
  'unknown-model': {
    title: 'ModelConfig of an unknown model is NOT_FOUND',
    extension,
    run: async ({ client }) => {
      await expectStatus(client.modelConfig({ name: 'no-such-model' }), 'NOT_FOUND');
    },
  },
};
