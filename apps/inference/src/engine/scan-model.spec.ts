import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import {
  AttributeProto_AttributeType as Type,
  ModelProtoSchema,
  TensorProtoSchema,
  type ModelProto,
  TensorProto_DataLocation as Location,
  TensorProto_DataType as DataType,
} from '@plumbline/contract-onnx';
import { WireError } from '@plumbline/wire';
import fc from 'fast-check';
import { scanModel } from './scan-model.ts';
import { UnsafeModel } from './unsafe-model.ts';

type Init = MessageInitShape<typeof ModelProtoSchema>;
type Model = Exclude<Init, ModelProto>;
type Graph = NonNullable<Model['graph']>;

/** A length-delimited field below 128 bytes, for parts of onnx.proto that the contract leaves out. */
const field = (tag: readonly number[], ...data: number[]) => [...tag, data.length, ...data];
const bytesOf = (model: Model) => toBinary(ModelProtoSchema, create(ModelProtoSchema, model));
const graphOf = (graph: Graph): Model => ({ irVersion: 8n, graph });
const scan = (model: Model) => () => scanModel(bytesOf(model), { maxNodes: 10 });
const node = { opType: 'Add', input: ['x', 'x'], output: ['y'] };
const external = {
  name: 'w',
  dataLocation: Location.EXTERNAL,
  externalData: [{ key: 'location', value: '/etc/passwd' }],
};
const nested = (depth: number): Graph => ({
  node: [
    depth === 0
      ? node
      : { opType: 'If', attribute: [{ name: 'then', type: Type.GRAPH, g: nested(depth - 1) }] },
  ],
});

describe('scanModel', () => {
  it('accepts operators of ai.onnx and ai.onnx.ml, and functions of the model itself', () => {
    expect(
      scan(graphOf({ node: [node, { opType: 'TreeEnsembleClassifier', domain: 'ai.onnx.ml' }] })),
    ).not.toThrow();
    const own = { domain: 'mine', name: 'Twice', node: [node] };
    expect(
      scan({ ...graphOf({ node: [{ opType: 'Twice', domain: 'mine' }] }), functions: [own] }),
    ).not.toThrow();
  });

  it.each<[string, Model, string]>([
    ['a foreign domain', graphOf({ node: [{ opType: 'Run', domain: 'com.evil' }] }), 'com.evil.Run'],
    [
      'a foreign operator beside a function of its domain',
      {
        ...graphOf({ node: [{ opType: 'Run', domain: 'mine' }] }),
        functions: [{ domain: 'mine', name: 'Twice', node: [node] }],
      },
      'mine.Run',
    ],
    [
      'a foreign domain inside a function',
      {
        ...graphOf({ node: [node] }),
        functions: [{ domain: 'mine', name: 'f', node: [{ opType: 'R', domain: 'com.evil' }] }],
      },
      'com.evil.R',
    ],
    [
      'a foreign domain in a nested graph',
      graphOf({
        node: [
          { opType: 'If', attribute: [{ name: 'then', g: { node: [{ opType: 'R', domain: 'com.evil' }] } }] },
        ],
      }),
      'com.evil.R',
    ],
    ['external data of an initializer', graphOf({ node: [node], initializer: [external] }), 'outside'],
    [
      'external data of an attribute',
      graphOf({ node: [{ opType: 'Constant', attribute: [{ name: 'value', t: external }] }] }),
      'outside',
    ],
    ['too many nodes', graphOf({ node: Array.from({ length: 11 }, () => node) }), 'more than 10 nodes'],
    ['nesting without end', graphOf(nested(20)), 'more than 10 nodes'],
    ['a model without a graph', { irVersion: 8n }, '0 graphs'],
  ])('refuses %s', (_case, model, message) => {
    expect(scan(model)).toThrow(UnsafeModel);
    expect(scan(model)).toThrow(message);
  });

  it('refuses a training graph and external data of a sparse tensor', () => {
    const training = [...bytesOf(graphOf({ node: [node] })), ...field([0xa2, 0x01])];
    expect(() => scanModel(new Uint8Array(training), { maxNodes: 10 })).toThrow('training');
    const tensor = toBinary(TensorProtoSchema, create(TensorProtoSchema, external));
    const sparse = field([0x3a], ...field([0x7a], ...field([0x0a], ...tensor)));
    expect(() => scanModel(new Uint8Array(sparse), { maxNodes: 10 })).toThrow('outside');
  });

  const shape = { name: 'size', dataType: DataType.INT64, dims: [2n], int64Data: [2n ** 20n, 2n ** 11n] };
  const raw = new Uint8Array(new BigInt64Array([2n ** 20n, 2n ** 11n]).buffer);
  const made = { opType: 'ConstantOfShape', input: ['size'], output: ['constant'] };
  const constant = (t: object) => ({
    opType: 'Constant',
    output: ['size'],
    attribute: [{ name: 'value', type: Type.TENSOR, t }],
  });
  it.each<[string, Graph]>([
    ['an initializer', { node: [made], initializer: [shape] }],
    ['a raw initializer', { node: [made], initializer: [{ ...shape, int64Data: [], rawData: raw }] }],
    ['a constant', { node: [constant(shape), made] }],
    [
      'numbers',
      {
        node: [
          { opType: 'Constant', output: ['size'], attribute: [{ name: 'value_ints', ints: [2n ** 31n] }] },
          made,
        ],
      },
    ],
    [
      'a constant around the graph that makes it',
      { node: [constant(shape), { opType: 'If', attribute: [{ name: 'then', g: { node: [made] } }] }] },
    ],
  ])('refuses a tensor of gigabytes whose shape is %s of the model', (_, graph) => {
    expect(scan(graphOf(graph))).toThrow('ConstantOfShape makes a tensor of 8589934592 bytes');
  });

  it('refuses random tensors of gigabytes', () => {
    const attribute = [{ name: 'shape', ints: [2n ** 40n] }];
    expect(scan(graphOf({ node: [{ opType: 'RandomNormal', attribute }] }))).toThrow('RandomNormal makes');
  });

  it('accepts tensors whose shape is modest or not known beforehand', () => {
    const modest = { ...shape, int64Data: [1n, 2n ** 10n] };
    expect(scan(graphOf({ node: [made], initializer: [modest] }))).not.toThrow();
    expect(scan(graphOf({ node: [made] }))).not.toThrow();
  });

  it('refuses a tensor that declares more elements than its bytes can hold', () => {
    const empty = { name: 'w', dataType: DataType.FLOAT, dims: [2n ** 40n] };
    expect(scan(graphOf({ node: [node], initializer: [empty] }))).toThrow('declares 1099511627776 elements');
    const bits = { name: 'w', dataType: DataType.FLOAT, dims: [3n], floatData: [1, 2, 3] };
    expect(scan(graphOf({ node: [node], initializer: [bits] }))).not.toThrow();
  });

  const calls = (...operators: string[]) => operators.map((opType) => ({ opType, domain: 'mine' }));
  const ofFunctions = (functions: NonNullable<Model['functions']>): Model => ({
    ...graphOf({ node: calls('F0') }),
    functions,
  });
  it('refuses functions that expand to more nodes than allowed, however many', () => {
    const doubling = Array.from({ length: 40 }, (_, level) => ({
      domain: 'mine',
      name: `F${level}`,
      node: level === 39 ? [node] : calls(`F${level + 1}`, `F${level + 1}`),
    }));
    expect(() => scanModel(bytesOf(ofFunctions(doubling)), { maxNodes: 1000 })).toThrow(
      'expand to more than 1000 nodes',
    );
  });

  it('counts the nodes of a function once for each call', () => {
    const twice = { domain: 'mine', name: 'F0', node: calls('F1', 'F1') };
    const once = { domain: 'mine', name: 'F1', node: [node] };
    const bytes = bytesOf(ofFunctions([twice, once]));
    expect(() => scanModel(bytes, { maxNodes: 5 })).not.toThrow();
    expect(() => scanModel(bytes, { maxNodes: 4 })).toThrow('expand to more than 4 nodes');
  });

  it('refuses functions that call themselves or one another without end', () => {
    const own = [{ domain: 'mine', name: 'F0', node: calls('F0') }];
    expect(scan(ofFunctions(own))).toThrow('calls itself');
    const chain = Array.from({ length: 200 }, (_, level) => ({
      domain: 'mine',
      name: `F${level}`,
      node: level === 199 ? [node] : calls(`F${level + 1}`),
    }));
    expect(() => scanModel(bytesOf(ofFunctions(chain)), { maxNodes: 1000 })).toThrow('deeper than 100');
  });

  it('bounds nesting apart from nodes', () => {
    expect(() => scanModel(bytesOf(graphOf(nested(20))), { maxNodes: 1000 })).toThrow('nested deeper');
  });

  it('ends in a verdict whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          scanModel(bytes, { maxNodes: 10 });
        } catch (error) {
          expect(error instanceof UnsafeModel || error instanceof WireError).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
