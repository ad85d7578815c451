import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  ValueInfoProtoSchema,
  type ModelProto,
  type ValueInfoProto,
} from '@plumbline/contract-onnx';
import { describe, expect, it } from '@jest/globals';
import {
  buildModel,
  elementTypeOf,
  inspectModel,
  outputsAsTensors,
  oipDatatype,
  OnnxFormatError,
  treeEnsembleClassifier,
  type AttributeValue,
  type ModelSpec,
} from './index.ts';

const spec: ModelSpec = {
  name: 'sum',
  producer: { name: 'plumbline', version: '1' },
  inputs: [
    { name: 'count', datatype: 'INT64', shape: [-1, 1] },
    { name: 'share', datatype: 'FP64', shape: [-1, 1] },
  ],
  outputs: [{ name: 'total', datatype: 'FP32', shape: [-1, 2] }],
  nodes: [
    { operator: 'Cast', inputs: ['count'], outputs: ['a'], attributes: { to: { int: 1 } } },
    { operator: 'Cast', inputs: ['share'], outputs: ['b'], attributes: { to: { int: 1 } } },
    { operator: 'Concat', inputs: ['a', 'b'], outputs: ['total'], attributes: { axis: { int: 1 } } },
  ],
  constants: [{ name: 'unused', values: [1, 2] }],
};

const edited = (edit: (model: ModelProto) => void): Uint8Array => {
  const model = fromBinary(ModelProtoSchema, buildModel(spec));
  edit(model);
  return toBinary(ModelProtoSchema, model);
};

describe('buildModel', () => {
  it('is read back with its inputs, outputs, operators and operator sets', () => {
    const inspection = inspectModel(buildModel(spec));
    expect(inspection).toMatchObject({
      irVersion: 8,
      producer: { name: 'plumbline', version: '1' },
      inputs: spec.inputs.map((input) => ({ kind: 'tensor', ...input })),
      outputs: spec.outputs.map((output) => ({ kind: 'tensor', ...output })),
      operators: ['Cast', 'Concat'],
      externalFiles: [],
    });
    expect([...inspection.opsets]).toEqual([
      ['', 17],
      ['ai.onnx.ml', 3],
    ]);
  });

  it('gives equal bytes for equal specifications', () => {
    expect(buildModel(structuredClone(spec))).toEqual(buildModel(spec));
  });
});

describe('inspectModel', () => {
  it.each([
    ['an empty file', new Uint8Array()],
    ['text', new TextEncoder().encode('{"not": "onnx"}')],
    ['a truncated model', buildModel(spec).subarray(0, 40)],
  ])('refuses %s', (_what, bytes) => {
    expect(() => inspectModel(bytes)).toThrow(OnnxFormatError);
  });

  it('names the files that hold external tensors, also inside subgraphs', () => {
    const bytes = edited((model) => {
      const outside = {
        dataLocation: DataLocation.EXTERNAL,
        externalData: [{ key: 'location', value: '../secret.bin' }],
      };
      const branch = { node: [{ opType: 'Identity' }], initializer: [outside] };
      model.graph!.node.push(
        create(ModelProtoSchema, { graph: { node: [{ opType: 'If', attribute: [{ g: branch }] }] } }).graph!
          .node[0]!,
      );
    });
    expect(inspectModel(bytes)).toMatchObject({
      externalFiles: ['../secret.bin'],
      operators: ['Cast', 'Concat', 'Identity', 'If'],
    });
  });

  it('tells tensors from what only in-process callers can take', () => {
    const bytes = edited((model) => {
      model.graph!.output = create(ModelProtoSchema, {
        graph: {
          output: [
            { name: 'zipped', type: { value: { case: 'sequenceType', value: {} } } },
            { name: 'bare' },
          ],
        },
      }).graph!.output;
    });
    expect(inspectModel(bytes).outputs).toEqual([
      { kind: 'sequence', name: 'zipped' },
      { kind: 'unknown', name: 'bare' },
    ]);
  });

  it('leaves initializers out of the inputs', () => {
    const bytes = edited((model) => {
      model.graph!.initializer[0]!.name = 'share';
    });
    expect(inspectModel(bytes).inputs.map(({ name }) => name)).toEqual(['count']);
  });

  it('keeps what it does not know when a model is written again', () => {
    const unknown = Uint8Array.from([...buildModel(spec), 0xa2, 0x01, 0x02, 0x0a, 0x00]);
    expect(toBinary(ModelProtoSchema, fromBinary(ModelProtoSchema, unknown))).toEqual(unknown);
  });
});

describe('datatypes', () => {
  it('map to the Open Inference Protocol and back', () => {
    for (const name of ['BOOL', 'INT64', 'FP16', 'FP32', 'FP64', 'BYTES']) {
      expect(oipDatatype(elementTypeOf(name))).toBe(name);
    }
    expect(() => elementTypeOf('FLOAT')).toThrow('"FLOAT" is no datatype');
    expect(oipDatatype(14)).toBeUndefined();
  });
});

describe('treeEnsembleClassifier', () => {
  it('lays out a stump as one branch and two leaves of one class', () => {
    const stump = {
      feature: [2, -1, -1],
      threshold: [0.5, 0, 0],
      missingLeft: [1, 0, 0],
      left: [1, 0, 0],
      right: [2, 0, 0],
      value: [0, -1, 1],
    };
    const names = { features: 'x', label: 'label', probabilities: 'p' };
    expect(treeEnsembleClassifier({ base: 0.25, trees: [stump] }, names)).toMatchObject({
      operator: 'TreeEnsembleClassifier',
      inputs: ['x'],
      outputs: ['label', 'p'],
      attributes: {
        nodes_featureids: { ints: [2, 0, 0] },
        nodes_modes: { texts: ['BRANCH_LEQ', 'LEAF', 'LEAF'] },
        nodes_values: { floats: [0.5, 0, 0] },
        nodes_missing_value_tracks_true: { ints: [1, 0, 0] },
        class_nodeids: { ints: [1, 2] },
        class_weights: { floats: [-1, 1] },
        base_values: { floats: [0.25] },
      },
    });
  });
});

describe('outputsAsTensors', () => {
  const zipMap = (output: string, labels: Record<string, AttributeValue>) => ({
    operator: 'ZipMap',
    domain: 'ai.onnx.ml',
    inputs: ['total'],
    outputs: [output],
    attributes: labels,
  });
  const zipped = (nodes: ModelSpec['nodes'], outputs: readonly string[]) => {
    const model = fromBinary(
      ModelProtoSchema,
      buildModel({ ...spec, nodes: [...spec.nodes, ...nodes], outputs: [] }),
    );
    model.graph!.output = outputs.map((name) =>
      create(ValueInfoProtoSchema, { name, type: { value: { case: 'sequenceType', value: {} } } }),
    );
    return toBinary(ModelProtoSchema, model);
  };

  it.each([
    ['texts', { classlabels_strings: { texts: ['on time', 'late'] } }, ['on time', 'late']],
    ['whole numbers', { classlabels_int64s: { ints: [0, 1] } }, ['0', '1']],
  ] as const)(
    'gives the tensor under the output’s name, with labels that are %s',
    (_, attributes, expected) => {
      const { model, labels } = outputsAsTensors(zipped([zipMap('zipped', attributes)], ['zipped']));
      expect([...labels]).toEqual([['zipped', expected]]);
      expect(inspectModel(model)).toMatchObject({
        outputs: [{ kind: 'tensor', name: 'zipped', datatype: 'FP32', shape: [-1, 2] }],
        operators: ['Cast', 'Concat', 'Identity'],
      });
    },
  );

  it('leaves a model alone that has none, or whose map other nodes read', () => {
    const plain = buildModel(spec);
    expect(outputsAsTensors(plain).model).toBe(plain);
    const attributes = { classlabels_int64s: { ints: [0, 1] } };
    const reader = { operator: 'SequenceAt', inputs: ['zipped', 'count'], outputs: ['first'] };
    const inner = zipped([zipMap('zipped', attributes), reader], ['first', 'zipped']);
    expect(outputsAsTensors(inner).model).toBe(inner);
  });

  const sequence = (name: string, elemType?: number) =>
    create(ValueInfoProtoSchema, {
      name,
      type: {
        value: {
          case: 'sequenceType',
          value:
            elemType === undefined
              ? {}
              : { elemType: { value: { case: 'tensorType', value: { elemType } } } },
        },
      },
    });
  const construct = { operator: 'SequenceConstruct', inputs: ['p', 'q'], outputs: ['all'] };
  const scorers = (['p', 'q'] as const).map((name) => ({
    operator: 'Normalizer',
    domain: 'ai.onnx.ml',
    inputs: ['total'],
    outputs: [name],
  }));
  const sequenced = (nodes: ModelSpec['nodes'], outputs: ValueInfoProto[]) => {
    const model = fromBinary(
      ModelProtoSchema,
      buildModel({ ...spec, nodes: [...spec.nodes, ...nodes], outputs: [] }),
    );
    model.graph!.output = outputs;
    return toBinary(ModelProtoSchema, model);
  };

  it('gives each tensor of a sequence under a name of its own, in place and order', () => {
    const { model } = outputsAsTensors(
      sequenced([...scorers, construct], [sequence('all', 1), sequence('total')]),
    );
    expect(inspectModel(model)).toMatchObject({
      outputs: [
        { kind: 'tensor', name: 'all_0', datatype: 'FP32', shape: [-1, -1] },
        { kind: 'tensor', name: 'all_1', datatype: 'FP32', shape: [-1, -1] },
        { kind: 'sequence', name: 'total' },
      ],
      operators: ['Cast', 'Concat', 'Identity', 'ai.onnx.ml:Normalizer'],
    });
  });

  it('leaves a sequence alone that other nodes read, or whose names are taken', () => {
    const reader = { operator: 'SequenceAt', inputs: ['all', 'count'], outputs: ['first'] };
    const taken = { operator: 'Identity', inputs: ['total'], outputs: ['all_1'] };
    for (const other of [reader, taken]) {
      const bytes = sequenced([...scorers, construct, other], [sequence('all', 1)]);
      expect(outputsAsTensors(bytes).model).toBe(bytes);
    }
  });

  it('opens the rows of labels that are declared to be one, where the inputs take any number', () => {
    const labelled = (rows: number) =>
      buildModel({
        ...spec,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [rows, 2] }],
        outputs: [
          { name: 'label', datatype: 'INT64', shape: [1] },
          { name: 'other', datatype: 'INT64', shape: [1] },
        ],
        nodes: [
          {
            operator: 'TreeEnsembleClassifier',
            domain: 'ai.onnx.ml',
            inputs: ['x'],
            outputs: ['raw', 'scores'],
          },
          { operator: 'Identity', inputs: ['raw'], outputs: ['named'] },
          { operator: 'Cast', inputs: ['named'], outputs: ['label'], attributes: { to: { int: 7 } } },
          { operator: 'Size', inputs: ['scores'], outputs: ['other'] },
        ],
      });
    expect(inspectModel(outputsAsTensors(labelled(-1)).model).outputs).toMatchObject([
      { name: 'label', shape: [-1] },
      { name: 'other', shape: [1] },
    ]);
    const one = labelled(1);
    expect(outputsAsTensors(one).model).toBe(one);
  });

  it('comes to an end with a graph that goes in a circle', () => {
    const circle = [
      { operator: 'Identity', inputs: ['b'], outputs: ['a'] },
      { operator: 'Identity', inputs: ['a'], outputs: ['b'] },
      { operator: 'LinearClassifier', domain: 'ai.onnx.ml', inputs: ['b'], outputs: ['c'] },
    ];
    const bytes = buildModel({
      ...spec,
      outputs: [{ name: 'a', datatype: 'INT64', shape: [1] }],
      nodes: circle,
    });
    expect(outputsAsTensors(bytes).model).toBe(bytes);
  });
});
