import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import {
  AttributeProto_AttributeType as Type,
  ModelProtoSchema,
  TensorProto_DataLocation as Location,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ModelProto,
  type TensorProto,
} from '@plumbline/contract-onnx';
import { WireError } from '@plumbline/wire';
import fc from 'fast-check';
import { inlineExternalData } from './external-data.ts';
import { lengthDelimited } from './replace-tensors.ts';
import { scanModel } from './scan-model.ts';
import { UnsafeModel } from './unsafe-model.ts';

type Tensor = Exclude<MessageInitShape<typeof TensorProtoSchema>, TensorProto>;
type Model = Exclude<MessageInitShape<typeof ModelProtoSchema>, ModelProto>;

const FILE = Uint8Array.from({ length: 200 }, (_, index) => index);
const FILES: ReadonlyMap<string, Uint8Array> = new Map([
  ['model.onnx.data', FILE],
  ['weights/a.bin', FILE.slice(0, 50)],
]);
const fileOf = (path: string): Uint8Array => {
  const file = FILES.get(path);
  if (file === undefined) throw new UnsafeModel(`no file ${path}`);
  return file;
};

const bytesOf = (model: Model) => toBinary(ModelProtoSchema, create(ModelProtoSchema, model));
const inline = (model: Uint8Array) => Buffer.concat(inlineExternalData(model, fileOf));
const inlined = (model: Model) => fromBinary(ModelProtoSchema, inline(bytesOf(model)));
const ofTensor = (tensor: Tensor): Model => ({ irVersion: 8n, graph: { initializer: [tensor] } });

function external(entries: Readonly<Record<string, string>>, name = 'w'): Tensor {
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { name, dataType: DataType.UINT8, dims: [4n], dataLocation: Location.EXTERNAL, externalData };
}

/** Bytes 8 to 11 of the file, outside and inside the model. */
const outside = (name: string) =>
  external({ location: 'model.onnx.data', offset: '8', length: '4', checksum: 'x' }, name);
const inside = (name: string): Tensor => ({
  name,
  dataType: DataType.UINT8,
  dims: [4n],
  rawData: FILE.slice(8, 12),
});

/** A model with a tensor at every place where one can be. */
function everywhere(tensor: (name: string) => Tensor): Model {
  const constant = (name: string) => ({
    opType: 'Constant',
    output: [name],
    attribute: [{ name: 'value', type: Type.TENSOR, t: tensor(name) }],
  });
  const branch = { node: [constant('c')], initializer: [tensor('d')] };
  const choice = {
    opType: 'If',
    attribute: [
      { name: 'then_branch', g: branch },
      { name: 'list', graphs: [branch], tensors: [tensor('e'), tensor('f')] },
    ],
  };
  return {
    irVersion: 8n,
    graph: { node: [constant('a'), choice], initializer: [tensor('b')] },
    functions: [{ domain: 'mine', name: 'F', node: [constant('g'), choice] }],
  };
}

describe('inlineExternalData', () => {
  it('gives every tensor its data, wherever it is nested, and leaves all else as it is', () => {
    expect(inlined(everywhere(outside))).toEqual(create(ModelProtoSchema, everywhere(inside)));
  });

  it('finds tensors in sparse ones, of graphs and of attributes', () => {
    const field = (number: number, data: Uint8Array) =>
      Buffer.concat([lengthDelimited(number, data.length), data]);
    const sparse = (tensor: Tensor) => {
      const bytes = toBinary(TensorProtoSchema, create(TensorProtoSchema, tensor));
      return Buffer.concat([field(1, bytes), field(2, bytes)]);
    };
    const model = (tensor: Tensor) => {
      const attributes = Buffer.concat([22, 23].map((number) => field(number, sparse(tensor))));
      const node = field(1, field(5, attributes));
      return field(7, Buffer.concat([node, field(15, sparse(tensor))]));
    };
    expect(inline(model(outside('w')))).toEqual(model(inside('w')));
  });

  it('returns a model without external data as it is', () => {
    const bytes = bytesOf(everywhere(inside));
    expect(inlineExternalData(bytes, fileOf)).toEqual([bytes]);
  });

  it.each([
    ['the whole file', { location: 'weights/a.bin' }, FILE.slice(0, 50)],
    ['the rest of a file', { location: 'weights/a.bin', offset: '46' }, FILE.slice(46, 50)],
    ['the beginning of a file', { location: 'weights/a.bin', length: '3' }, FILE.slice(0, 3)],
    ['nothing', { location: 'weights/a.bin', offset: '50', length: '0' }, new Uint8Array()],
    ['a path with idle segments', { location: './weights//./a.bin', length: '1' }, FILE.slice(0, 1)],
  ])('reads %s', (_, entries, expected) => {
    const [tensor] = inlined(ofTensor(external(entries))).graph?.initializer ?? [];
    expect(tensor).toMatchObject({ externalData: [], rawData: expected });
    expect(tensor?.dataLocation).toBe(Location.DEFAULT);
  });

  it('is any model with its data inside, for any tensors that take different bytes', () => {
    const lengths = fc.array(fc.nat(40), { maxLength: 5 });
    fc.assert(
      fc.property(lengths, (sizes) => {
        const offsets = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
        const tensors = sizes.map((size, index) =>
          external({ location: 'model.onnx.data', offset: `${offsets[index]}`, length: `${size}` }),
        );
        const model = inlined({ irVersion: 8n, graph: { initializer: tensors } });
        expect(model.graph?.initializer.map(({ rawData }) => [...rawData])).toEqual(
          sizes.map((size, index) => [...FILE.slice(offsets[index], (offsets[index] ?? 0) + size)]),
        );
      }),
    );
  });

  it.each([
    ['an absolute path', { location: '/etc/passwd' }, 'outside its version'],
    ['a path that leads out', { location: '../1/model.onnx.data' }, 'outside its version'],
    ['a path that leads out and back', { location: 'weights/../model.onnx.data' }, 'outside its version'],
    ['a path of another system', { location: '..\\model.onnx.data' }, 'outside its version'],
    ['no path', {}, 'no file '],
    ['an unknown file', { location: 'other.data' }, 'no file other.data'],
    ['bytes past the end', { location: 'weights/a.bin', offset: '49', length: '2' }, 'which has 50'],
    ['a start past the end', { location: 'weights/a.bin', offset: '51' }, 'takes 0 bytes from 51'],
    ['a negative offset', { location: 'weights/a.bin', offset: '-1' }, 'which is no number'],
    [
      'a length of no number',
      { location: 'weights/a.bin', offset: '0', length: '0x10' },
      'which is no number',
    ],
    ['an endless length', { location: 'weights/a.bin', length: '9'.repeat(30) }, 'which is no number'],
  ])('refuses %s', (_, entries, message) => {
    expect(() => inlined(ofTensor(external(entries)))).toThrow(UnsafeModel);
    expect(() => inlined(ofTensor(external(entries)))).toThrow(message);
  });

  it('refuses a tensor that says twice where it lies', () => {
    const twice = external({ location: 'weights/a.bin' });
    const entry = { key: 'location', value: '/etc/passwd' };
    expect(() =>
      inlined(ofTensor({ ...twice, externalData: [...(twice.externalData ?? []), entry] })),
    ).toThrow('says twice');
  });

  it('refuses tensors that take a file more often than it is large', () => {
    const whole = external({ location: 'weights/a.bin', length: '26' });
    expect(() => inlined({ irVersion: 8n, graph: { initializer: [whole, whole] } })).toThrow(
      'take more bytes of "weights/a.bin" than it has',
    );
  });

  it('leaves a tensor that is external by half to the scan, which refuses it', () => {
    const half = { ...external({ location: '/etc/passwd' }), dataLocation: Location.DEFAULT };
    const bytes = inline(bytesOf(ofTensor(half)));
    expect(() => scanModel(bytes, { maxNodes: 10 })).toThrow('a tensor lies outside the model file');
  });

  it('asks for no file but by a plain path, and leaves nothing external, whatever the location', () => {
    const segment = fc.constantFrom('', '.', '..', 'weights', 'a.bin', '/', '\\', '~', '\0', 'C:', '%2e%2e');
    const location = fc.oneof(
      fc.string(),
      fc.array(segment).map((parts) => parts.join('/')),
    );
    fc.assert(
      fc.property(location, (path) => {
        const asked: string[] = [];
        const anyFile = (name: string) => (asked.push(name), FILE);
        try {
          const bytes = Buffer.concat(
            inlineExternalData(bytesOf(ofTensor(external({ location: path, length: '4' }))), anyFile),
          );
          expect(() => scanModel(bytes, { maxNodes: 10 })).not.toThrow();
        } catch (error) {
          if (!(error instanceof UnsafeModel)) throw error;
        }
        for (const name of asked) {
          const segments = name === '' ? [] : name.split('/');
          expect(segments.filter((each) => ['', '.', '..'].includes(each) || each.includes('\\'))).toEqual(
            [],
          );
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('ends in a model or a verdict whatever the bytes are', () => {
    const valid = bytesOf(everywhere(outside));
    const change = fc.tuple(fc.nat(valid.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = valid.slice();
        for (const [at, value] of changes) bytes[at] = value;
        try {
          expect(inline(bytes).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error instanceof UnsafeModel || error instanceof WireError).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
