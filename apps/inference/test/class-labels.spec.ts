import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeElements } from '@plumbline/tensors';
import { modelFolder, startStandalone, type Standalone } from './standalone.ts';

// A classifier as scikit-learn's exporter writes it: its probabilities are maps from label to number.

const EXPORTS = join(import.meta.dirname, 'exports');
const MODEL = readFileSync(join(EXPORTS, 'logistic-texts.onnx'));
const EXPECTED = JSON.parse(readFileSync(join(EXPORTS, 'logistic-texts.json'), 'utf8')) as {
  readonly inputs: { readonly X: { readonly values: number[] } };
  readonly outputs: { readonly output_label: { readonly values: string[] } };
};
const LABELS = EXPECTED.outputs.output_label.values;
const LABEL_FILE =
  'output { name: "output_probability" data_type: TYPE_FP32 dims: 3 label_filename: "l.txt" }';

describe('the classes of an output that was a map', () => {
  let server: Standalone;
  beforeAll(async () => {
    const { root } = await modelFolder({
      'thread/1/model.onnx': MODEL,
      'process/1/model.onnx': MODEL,
      'process/config.pbtxt': 'parameters { key: "plumbline.untrusted" value { string_value: "true" } }',
      'named/1/model.onnx': MODEL,
      'named/config.pbtxt': LABEL_FILE,
      'named/l.txt': 'A\nB\nC\n',
    });
    server = await startStandalone(root);
    await server.ready();
  });
  afterAll(() => server.stop());

  /** The greatest class of each row: "value:index:label". */
  async function classesOf(modelName: string): Promise<string[][]> {
    const contents = { fp32Contents: EXPECTED.inputs.X.values };
    const classification = { parameterChoice: { case: 'int64Param' as const, value: 1n } };
    const answer = await server.oip.modelInfer({
      modelName,
      inputs: [{ name: 'X', datatype: 'FP32', shape: [BigInt(LABELS.length), 4n], contents }],
      outputs: [{ name: 'output_probability', parameters: { classification } }],
    });
    const raw = answer.rawOutputContents[0] ?? new Uint8Array();
    return [...decodeElements('BYTES', raw)].map((entry) =>
      Buffer.from(entry as Uint8Array)
        .toString()
        .split(':'),
    );
  }

  it.each(['thread', 'process'])('carry the labels of the map, from a %s', async (model) => {
    const classes = await classesOf(model);
    expect(classes.map(([, , label]) => label)).toEqual(LABELS);
  });

  it('carry the labels of the file that the configuration names instead', async () => {
    const classes = await classesOf('named');
    expect(classes).toHaveLength(LABELS.length);
    for (const [, index, label] of classes) expect(label).toBe('ABC'[Number(index)]);
  });
});
