import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  type GraphProtoSchema,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
} from '@plumbline/contract-onnx';
import { buildModel, type NodeSpec } from '@plumbline/onnx';

const PRODUCER = { name: 'plumbline-test', version: '' };

/** y = factor · x by repeated addition, exact for small whole numbers. x and y: FP32 [N, width]. */
export function timesModel(factor: number, width = 2): Uint8Array {
  const nodes: NodeSpec[] = [{ operator: 'Identity', inputs: ['x'], outputs: ['t1'] }];
  for (let sum = 2; sum <= factor; sum++) {
    nodes.push({ operator: 'Add', inputs: ['x', `t${sum - 1}`], outputs: [`t${sum}`] });
  }
  nodes.push({ operator: 'Identity', inputs: [`t${factor}`], outputs: ['y'] });
  const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [-1, width] });
  return buildModel({
    name: 'times',
    producer: PRODUCER,
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    nodes,
  });
}

/** y = mean of all rows of the batch: answers that depend on the neighbours. */
export function mixingModel(): Uint8Array {
  const nodes: NodeSpec[] = [
    {
      operator: 'ReduceMean',
      inputs: ['x'],
      outputs: ['m'],
      attributes: { axes: { ints: [0] }, keepdims: { int: 1 } },
    },
    { operator: 'Add', inputs: ['x', 'm'], outputs: ['y'] },
  ];
  const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [-1, 2] });
  return buildModel({
    name: 'mixing',
    producer: PRODUCER,
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    nodes,
  });
}

/** y = x + number of elements in the batch: answers that depend on its size, and on nothing else of it. */
export function sizedModel(): Uint8Array {
  const nodes: NodeSpec[] = [
    { operator: 'Size', inputs: ['x'], outputs: ['n'] },
    { operator: 'Cast', inputs: ['n'], outputs: ['f'], attributes: { to: { int: 1 } } },
    { operator: 'Add', inputs: ['x', 'f'], outputs: ['y'] },
  ];
  const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [-1, 2] });
  return buildModel({
    name: 'sized',
    producer: PRODUCER,
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    nodes,
  });
}

/** y[i] = x[at[i]], which takes no other index than 0; x: FP32 [1], at: INT64 [8], y: FP32 [8]. */
export function pickyModel(): Uint8Array {
  return buildModel({
    name: 'picky',
    producer: PRODUCER,
    inputs: [
      { name: 'x', datatype: 'FP32', shape: [1] },
      { name: 'at', datatype: 'INT64', shape: [8] },
    ],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [8] }],
    nodes: [{ operator: 'Gather', inputs: ['x', 'at'], outputs: ['y'] }],
  });
}

/** A float16 identity. */
export function halfModel(): Uint8Array {
  const tensor = (name: string) => ({ name, datatype: 'FP16', shape: [-1, 2] });
  const nodes: NodeSpec[] = [{ operator: 'Add', inputs: ['x', 'x'], outputs: ['y'] }];
  return buildModel({
    name: 'half',
    producer: PRODUCER,
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    nodes,
  });
}

/** A multilayer perceptron with ReLU and fixed pseudo-random weights; x: FP32 [N, sizes[0]], y: [N, sizes.at(-1)]. */
export function mlpModel(sizes: readonly number[]): Uint8Array {
  const initializers = sizes.slice(1).flatMap((columns, layer) => {
    const rows = sizes[layer] ?? 1;
    return [
      weights(`w${layer}`, [rows, columns], 1 / Math.sqrt(rows), layer),
      weights(`b${layer}`, [columns], 0.1, layer + 100),
    ];
  });
  const last = sizes.length - 2;
  const node = sizes.slice(1).flatMap((_, layer) => {
    const input = layer === 0 ? 'x' : `h${layer - 1}`;
    const gemm = {
      opType: 'Gemm',
      input: [input, `w${layer}`, `b${layer}`],
      output: [layer === last ? 'y' : `g${layer}`],
    };
    return layer === last ? [gemm] : [gemm, { opType: 'Relu', input: [`g${layer}`], output: [`h${layer}`] }];
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 17n }],
      graph: {
        name: 'mlp',
        node,
        initializer: initializers,
        input: [valueInfo('x', sizes[0] ?? 1)],
        output: [valueInfo('y', sizes.at(-1) ?? 1)],
      },
    }),
  );
}

/**
 * y = x after as many turns of a loop as the greatest element of x says, or as `trips` where given. A turn takes
 * about a microsecond. x and y: FP32 [N, 2].
 */
export function loopModel(trips?: number): Uint8Array {
  const scalar = (name: string, elemType: DataType) => ({
    name,
    type: { value: { case: 'tensorType' as const, value: { elemType, shape: { dim: [] } } } },
  });
  const g = {
    name: 'turn',
    node: [
      { opType: 'Identity', input: ['before'], output: ['after'] },
      { opType: 'Identity', input: ['held'], output: ['kept'] },
    ],
    input: [scalar('turn', DataType.INT64), scalar('before', DataType.BOOL), valueInfo('held', 2)],
    output: [scalar('after', DataType.BOOL), valueInfo('kept', 2)],
  };
  const keepdims = { name: 'keepdims', type: AttributeType.INT, i: 0n };
  const to = { name: 'to', type: AttributeType.INT, i: BigInt(DataType.INT64) };
  const count = trips === undefined ? 'asked' : 'trips';
  return modelOf({
    name: 'loop',
    node: [
      { opType: 'ReduceMax', input: ['x'], output: ['greatest'], attribute: [keepdims] },
      { opType: 'Cast', input: ['greatest'], output: ['asked'], attribute: [to] },
      {
        opType: 'Loop',
        input: [count, 'go', 'x'],
        output: ['y'],
        attribute: [{ name: 'body', type: AttributeType.GRAPH, g }],
      },
    ],
    initializer: [
      { name: 'go', dims: [], dataType: DataType.BOOL, int32Data: [1] },
      { name: 'trips', dims: [], dataType: DataType.INT64, int64Data: [BigInt(trips ?? 0)] },
    ],
    input: [valueInfo('x', 2)],
    output: [valueInfo('y', 2)],
  });
}

/** A model of a few bytes whose run needs a constant of 2^40 elements. */
export function hugeConstantModel(): Uint8Array {
  return constantModel(2 ** 40);
}

/** A model of a few bytes whose run makes so many FP32 elements out of its input and adds their sum to it. */
export function constantModel(elements: number): Uint8Array {
  return modelOf({
    name: 'constant',
    node: [
      { opType: 'ConstantOfShape', input: ['size'], output: ['constant'] },
      { opType: 'ReduceSum', input: ['constant'], output: ['sum'] },
      { opType: 'Add', input: ['x', 'sum'], output: ['y'] },
    ],
    initializer: [{ name: 'size', dims: [1n], dataType: DataType.INT64, int64Data: [BigInt(elements)] }],
    input: [valueInfo('x', 2)],
    output: [valueInfo('y', 2)],
  });
}

/** As constantModel, with as many elements as the greatest element of x says: nothing can be told before the run. */
export function growingModel(): Uint8Array {
  const keepdims = { name: 'keepdims', type: AttributeType.INT, i: 0n };
  const to = { name: 'to', type: AttributeType.INT, i: BigInt(DataType.INT64) };
  return modelOf({
    name: 'growing',
    node: [
      { opType: 'ReduceMax', input: ['x'], output: ['greatest'], attribute: [keepdims] },
      { opType: 'Cast', input: ['greatest'], output: ['elements'], attribute: [to] },
      { opType: 'Reshape', input: ['elements', 'one'], output: ['size'] },
      { opType: 'ConstantOfShape', input: ['size'], output: ['constant'] },
      { opType: 'ReduceSum', input: ['constant'], output: ['sum'] },
      { opType: 'Add', input: ['x', 'sum'], output: ['y'] },
    ],
    initializer: [{ name: 'one', dims: [1n], dataType: DataType.INT64, int64Data: [1n] }],
    input: [valueInfo('x', 2)],
    output: [valueInfo('y', 2)],
  });
}

/**
 * y = x plus the quotient of its columns as 64-bit integers. The smallest integer by −1 ends the process that runs it:
 * ONNX Runtime leaves the one quotient that does not fit to the processor, which traps.
 */
export function divisionModel(): Uint8Array {
  const column = (index: number) => ({
    name: `i${index}`,
    dims: [1n],
    dataType: DataType.INT64,
    int64Data: [BigInt(index)],
  });
  const int = (name: string, value: number) => ({ name, type: AttributeType.INT, i: BigInt(value) });
  const pick = (index: number) => ({
    opType: 'Gather',
    input: ['whole', `i${index}`],
    output: [`c${index}`],
    attribute: [int('axis', 1)],
  });
  return modelOf({
    name: 'division',
    node: [
      { opType: 'Cast', input: ['x'], output: ['whole'], attribute: [int('to', DataType.INT64)] },
      pick(0),
      pick(1),
      { opType: 'Div', input: ['c0', 'c1'], output: ['quotient'] },
      { opType: 'Cast', input: ['quotient'], output: ['added'], attribute: [int('to', DataType.FLOAT)] },
      { opType: 'Add', input: ['x', 'added'], output: ['y'] },
    ],
    initializer: [column(0), column(1)],
    input: [valueInfo('x', 2)],
    output: [valueInfo('y', 2)],
  });
}

/** y = x plus a quotient of constants that traps: whoever opens it computes it, and ends. */
export function dyingModel(): Uint8Array {
  const whole = (name: string, value: bigint) => ({
    ...{ name, dims: [1n], dataType: DataType.INT64 },
    int64Data: [value],
  });
  const to = { name: 'to', type: AttributeType.INT, i: BigInt(DataType.FLOAT) };
  return modelOf({
    name: 'dying',
    node: [
      { opType: 'Div', input: ['smallest', 'minus'], output: ['quotient'] },
      { opType: 'Cast', input: ['quotient'], output: ['added'], attribute: [to] },
      { opType: 'Add', input: ['x', 'added'], output: ['y'] },
    ],
    initializer: [whole('smallest', -(2n ** 63n)), whole('minus', -1n)],
    input: [valueInfo('x', 2)],
    output: [valueInfo('y', 2)],
  });
}

/** A model of a few bytes that declares rows of 2^41 elements. */
export function wideModel(): Uint8Array {
  const size = { name: 'size', dims: [2n], dataType: DataType.INT64, int64Data: [1n, 2n ** 41n] };
  return modelOf({
    name: 'wide',
    node: [{ opType: 'Expand', input: ['x', 'size'], output: ['y'] }],
    initializer: [size],
    input: [valueInfo('x', 1)],
    output: [valueInfo('y', 2 ** 41)],
  });
}

function modelOf(graph: MessageInitShape<typeof GraphProtoSchema>): Uint8Array {
  const opsetImport = [{ domain: '', version: 17n }];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph }));
}

/** A model that asks the engine for an operator of a foreign domain. */
export function hostileModel(): Uint8Array {
  const attribute = [{ name: 'command', type: AttributeType.STRING, s: Buffer.from('rm -rf /') }];
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [
        { domain: '', version: 17n },
        { domain: 'com.evil', version: 1n },
      ],
      graph: {
        name: 'hostile',
        node: [{ opType: 'Shell', domain: 'com.evil', input: ['x'], output: ['y'], attribute }],
        input: [valueInfo('x', 2)],
        output: [valueInfo('y', 2)],
      },
    }),
  );
}

function valueInfo(name: string, width: number) {
  const dim = [
    { value: { case: 'dimParam' as const, value: 'N' } },
    { value: { case: 'dimValue' as const, value: BigInt(width) } },
  ];
  return {
    name,
    type: { value: { case: 'tensorType' as const, value: { elemType: DataType.FLOAT, shape: { dim } } } },
  };
}

function weights(name: string, dims: readonly number[], scale: number, seed: number) {
  const count = dims.reduce((product, size) => product * size, 1);
  let state = seed * 2654435761 + 12345;
  const values = Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 2 * scale;
  });
  return { name, dataType: DataType.FLOAT, dims: dims.map(BigInt), rawData: new Uint8Array(values.buffer) };
}

/** `label`: the class with the greater column of x; `probabilities`: x itself as ZipMap gives it, a map per row. */
export function zipMapModel(): Uint8Array {
  const model = fromBinary(
    ModelProtoSchema,
    buildModel({
      name: 'zipped',
      producer: PRODUCER,
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
      outputs: [{ name: 'label', datatype: 'INT64', shape: [-1] }],
      nodes: [
        {
          operator: 'ArgMax',
          inputs: ['x'],
          outputs: ['label'],
          attributes: { axis: { int: 1 }, keepdims: { int: 0 } },
        },
        {
          operator: 'ZipMap',
          domain: 'ai.onnx.ml',
          inputs: ['x'],
          outputs: ['probabilities'],
          attributes: { classlabels_int64s: { ints: [0, 1] } },
        },
      ],
    }),
  );
  const float = { value: { case: 'tensorType', value: { elemType: DataType.FLOAT } } } as const;
  const map = { case: 'mapType', value: { keyType: DataType.INT64, valueType: float } } as const;
  model.graph!.output.push(
    create(ValueInfoProtoSchema, {
      name: 'probabilities',
      type: { value: { case: 'sequenceType', value: { elemType: { value: map } } } },
    }),
  );
  return toBinary(ModelProtoSchema, model);
}
