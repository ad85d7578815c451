import type { ModelMetadataResponse_TensorMetadata } from '@plumbline/contract-oip';
import { IDENTITY_DATATYPES, identityName } from '../models/suite-models.ts';
import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import { Skipped } from '../suite/outcome.ts';

export const metadataChecks: Checks = {
  server: {
    title: 'ServerMetadata has a name and a version',
    run: async ({ client }) => {
      const { name, version } = await client.serverMetadata({});
      expect(name !== '', 'the name is empty');
      expect(version !== '', 'the version is empty');
    },
  },
  extensions: {
    title: 'ServerMetadata names no extension twice',
    run: async ({ client }) => {
      const { extensions } = await client.serverMetadata({});
      expectEqual(extensions.length, new Set(extensions).size, 'the number of distinct extensions');
    },
  },
  model: {
    title: 'ModelMetadata has name, versions, platform, inputs and outputs, the batch dimension leading',
    models: ['simple'],
    run: async ({ client }) => {
      const metadata = await client.modelMetadata({ name: 'simple' });
      expectEqual(metadata.name, 'simple', 'the name');
      expectEqual(metadata.versions, ['1'], 'versions');
      expect(metadata.platform !== '', 'the platform is empty');
      const tensors = (names: string[]) =>
        names.map((name) => ({ name, datatype: 'INT32', shape: [-1, 16] }));
      expectEqual(metadata.inputs.map(plain), tensors(['INPUT0', 'INPUT1']), 'inputs');
      expectEqual(metadata.outputs.map(plain), tensors(['OUTPUT0', 'OUTPUT1']), 'outputs');
    },
  },
  unbatched: {
    title: 'ModelMetadata of a model without a batch dimension has the declared shape alone',
    models: ['slow'],
    run: async ({ client }) => {
      const { inputs } = await client.modelMetadata({ name: 'slow' });
      expectEqual(inputs.map(plain), [{ name: 'INPUT0', datatype: 'FP32', shape: [2] }], 'inputs');
    },
  },
  datatypes: {
    title: 'ModelMetadata names every datatype as the protocol does',
    models: IDENTITY_DATATYPES.map(identityName),
    run: async ({ client }) => {
      for (const datatype of IDENTITY_DATATYPES) {
        const { inputs } = await client.modelMetadata({ name: identityName(datatype) });
        expectEqual(inputs.map(plain), [{ name: 'INPUT0', datatype, shape: [-1, -1] }], 'inputs');
      }
    },
  },
  versions: {
    title: 'ModelMetadata names every version that is loaded, asked for with or without one',
    models: ['versioned'],
    run: async ({ client }) => {
      for (const version of ['', '1', '2']) {
        const { versions } = await client.modelMetadata({ name: 'versioned', version });
        expectEqual([...versions].sort(), ['1', '2'], 'versions');
      }
    },
  },
  properties: {
    title: 'ModelMetadata carries properties, with names and values that are not empty',
    models: ['simple'],
    run: async ({ client }) => {
      const properties = Object.entries((await client.modelMetadata({ name: 'simple' })).properties);
      if (properties.length === 0) throw new Skipped('the server has no properties to tell');
      expect(
        properties.every(([name, value]) => name !== '' && value !== ''),
        'a name or value is empty',
      );
    },
  },
  'unknown-model': {
    title: 'ModelMetadata of an unknown model is NOT_FOUND',
    run: async ({ client }) => {
      await expectStatus(client.modelMetadata({ name: 'no-such-model' }), 'NOT_FOUND');
    },
  },
  'unknown-version': {
    title: 'ModelMetadata of an unknown version is NOT_FOUND',
    models: ['simple'],
    run: async ({ client }) => {
      await expectStatus(client.modelMetadata({ name: 'simple', version: '99' }), 'NOT_FOUND');
    },
  },
};

function plain({ name, datatype, shape }: ModelMetadataResponse_TensorMetadata) {
  return { name, datatype, shape: shape.map(Number) };
}
