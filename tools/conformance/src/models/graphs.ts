import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type GraphProtoSchema,
} from '@plumbline/contract-onnx';
import { buildModel, type NodeSpec, type TensorInfo } from '@plumbline/onnx';
import type { Datatype } from '@plumbline/tensors';

const PRODUCER = { name: 'plumbline-conformance', version: '1' };

const node = (operator: string, inputs: readonly string[], output: string): NodeSpec => ({
  operator,
  inputs,
  outputs: [output],
});

const cast = (input: string, output: string, to: DataType): NodeSpec => ({
  ...node('Cast', [input], output),
  attributes: { to: { int: to } },
});

function model(
  name: string,
  inputs: readonly TensorInfo[],
  outputs: readonly TensorInfo[],
  nodes: NodeSpec[],
): Uint8Array {
  return buildModel({ name, producer: PRODUCER, inputs, outputs, nodes });
}

/** Row by row OUTPUT0 = INPUT0 + INPUT1 and OUTPUT1 = INPUT0 − INPUT1, computed as INT32; all [N, 16]. */
export function sumAndDifference(datatype: 'INT8' | 'INT32' | 'BYTES'): Uint8Array {
  const tensor = (name: string): TensorInfo => ({ name, datatype, shape: [-1, 16] });
  const type = { INT8: DataType.INT8, INT32: DataType.INT32, BYTES: DataType.STRING }[datatype];
  return model(
    'sum-and-difference',
    [tensor('INPUT0'), tensor('INPUT1')],
    [tensor('OUTPUT0'), tensor('OUTPUT1')],
    [
      cast('INPUT0', 'a', DataType.INT32),
      cast('INPUT1', 'b', DataType.INT32),
      node('Add', ['a', 'b'], 'sum'),
      node('Sub', ['a', 'b'], 'difference'),
      cast('sum', 'OUTPUT0', type),
      cast('difference', 'OUTPUT1', type),
    ],
  );
}

/** OUTPUT0 = INPUT0: [N, M], both sizes open. */
export function identity(datatype: Datatype): Uint8Array {
  const tensor = (name: string): TensorInfo => ({ name, datatype, shape: [-1, -1] });
  return ownDimension(
    model('identity', [tensor('INPUT0')], [tensor('OUTPUT0')], [node('Identity', ['INPUT0'], 'OUTPUT0')]),
  );
}

/** Names the second dimension of every input and output apart from the first. */
function ownDimension(bytes: Uint8Array): Uint8Array {
  const parsed = fromBinary(ModelProtoSchema, bytes);
  for (const { type } of [...(parsed.graph?.input ?? []), ...(parsed.graph?.output ?? [])]) {
    const second = type?.value.case === 'tensorType' ? type.value.value.shape?.dim[1] : undefined;
    if (second !== undefined) second.value = { case: 'dimParam', value: 'M' };
  }
  return toBinary(ModelProtoSchema, parsed);
}

/** OUTPUT0 = INPUT0 + INPUT0 + …, `factor` times; FP32 [N, 4], exact for small whole numbers. */
export function times(factor: number): Uint8Array {
  const tensor = (name: string): TensorInfo => ({ name, datatype: 'FP32', shape: [-1, 4] });
  const nodes = [node('Identity', ['INPUT0'], 't1')];
  for (let sum = 2; sum <= factor; sum++) nodes.push(node('Add', ['INPUT0', `t${sum - 1}`], `t${sum}`));
  nodes.push(node('Identity', [`t${factor}`], 'OUTPUT0'));
  return model('times', [tensor('INPUT0')], [tensor('OUTPUT0')], nodes);
}

/** OUTPUT0 = INPUT0 + the mean of all rows of the run; FP32 [N, 4]: rows of other callers would show. */
export function neighbourly(): Uint8Array {
  const tensor = (name: string): TensorInfo => ({ name, datatype: 'FP32', shape: [-1, 4] });
  const mean: NodeSpec = {
    ...node('ReduceMean', ['INPUT0'], 'mean'),
    attributes: { axes: { ints: [0] }, keepdims: { int: 1 } },
  };
  return model(
    'neighbourly',
    [tensor('INPUT0')],
    [tensor('OUTPUT0')],
    [mean, node('Add', ['INPUT0', 'mean'], 'OUTPUT0')],
  );
}

/** fc6_1 = the mean of each colour of the image data_0; FP32 [3, 224, 224] to [3]. */
export function colours(): Uint8Array {
  const mean: NodeSpec = {
    ...node('ReduceMean', ['data_0'], 'fc6_1'),
    attributes: { axes: { ints: [1, 2] }, keepdims: { int: 0 } },
  };
  const image: TensorInfo = { name: 'data_0', datatype: 'FP32', shape: [3, 224, 224] };
  return model('colours', [image], [{ name: 'fc6_1', datatype: 'FP32', shape: [3] }], [mean]);
}

/**
 * OUTPUT0 = INPUT0 after as many turns of a loop as INPUT0's greatest element says, ~1 µs each. FP32 [2], or [N, 2]
 * where `rowed`.
 */
export function slow(rowed: boolean): Uint8Array {
  const vector = valueInfo(DataType.FLOAT, rowed ? ['N', 2n] : [2n]);
  const body = {
    name: 'turn',
    node: [
      { opType: 'Identity', input: ['before'], output: ['after'] },
      { opType: 'Identity', input: ['held'], output: ['kept'] },
    ],
    input: [valueInfo(DataType.INT64, [])('turn'), valueInfo(DataType.BOOL, [])('before'), vector('held')],
    output: [valueInfo(DataType.BOOL, [])('after'), vector('kept')],
  };
  const keepdims = { name: 'keepdims', type: AttributeType.INT, i: 0n };
  const to = { name: 'to', type: AttributeType.INT, i: BigInt(DataType.INT64) };
  return graph({
    name: 'slow',
    node: [
      { opType: 'ReduceMax', input: ['INPUT0'], output: ['greatest'], attribute: [keepdims] },
      { opType: 'Cast', input: ['greatest'], output: ['turns'], attribute: [to] },
      {
        opType: 'Loop',
        input: ['turns', 'go', 'INPUT0'],
        output: ['OUTPUT0'],
        attribute: [{ name: 'body', type: AttributeType.GRAPH, g: body }],
      },
    ],
    initializer: [{ name: 'go', dims: [], dataType: DataType.BOOL, int32Data: [1] }],
    input: [vector('INPUT0')],
    output: [vector('OUTPUT0')],
  });
}

const valueInfo = (elemType: DataType, sizes: readonly (bigint | string)[]) => (name: string) => {
  const dim = sizes.map((size) =>
    typeof size === 'string'
      ? { value: { case: 'dimParam' as const, value: size } }
      : { value: { case: 'dimValue' as const, value: size } },
  );
  return { name, type: { value: { case: 'tensorType' as const, value: { elemType, shape: { dim } } } } };
};

function graph(init: MessageInitShape<typeof GraphProtoSchema>): Uint8Array {
  const opsetImport = [{ domain: '', version: 17n }];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph: init }));
}
