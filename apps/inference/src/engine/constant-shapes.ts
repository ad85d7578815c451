import { integersOf } from './constant-values.ts';
import type { Constant, NodeFacts } from './constants.ts';

/** Of the results of a node; undefined where the rule needs something that is not known. */
type Dims = readonly number[] | undefined;
type Inputs = readonly (Constant | undefined)[];
type Rule = (inputs: Inputs, node: NodeFacts) => Dims;

/** Results as the inputs broadcast against each other. */
const BROADCAST: readonly string[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Pow', 'Min', 'Max', 'Sum', 'Mean', 'Where', 'PRelu'],
  ...['And', 'Or', 'Xor', 'Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'],
  ...['BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor'],
];
/** Results in the shape of the first input. */
const SAME: readonly string[] = [
  ...['Identity', 'Cast', 'CastLike', 'Neg', 'Abs', 'Not', 'Sign', 'Floor', 'Ceil', 'Round', 'Sqrt', 'Exp'],
  ...['Log', 'Erf', 'Relu', 'Sigmoid', 'Tanh', 'Sin', 'Cos', 'Reciprocal', 'Clip', 'Softmax', 'CumSum'],
  ...['Trilu', 'EyeLike', 'IsNaN', 'ScatterND', 'ScatterElements', 'QuantizeLinear', 'DequantizeLinear'],
];
/** Results of no more elements than the first input has, in a shape that is not followed. */
const NO_LARGER: ReadonlySet<string> = new Set([
  ...['Slice', 'Squeeze', 'Transpose', 'Flatten', 'Reshape', 'Compress', 'Split', 'TopK', 'ArgMax', 'ArgMin'],
  ...['ReduceMax', 'ReduceMin', 'ReduceSum', 'ReduceMean', 'ReduceProd', 'ReduceL1', 'ReduceL2'],
  ...['DepthToSpace', 'SpaceToDepth', 'Unique', 'LayerNormalization', 'BatchNormalization'],
]);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...BROADCAST.map((operator): [string, Rule] => [operator, (inputs) => broadcast(inputs.map(dimsOf))]),
  ...SAME.map((operator): [string, Rule] => [operator, ([first]) => first?.dims]),
  ['ConstantOfShape', ([shape]) => shape?.integers],
  ['Expand', ([data, shape]) => broadcast([dimsOrNone(data), shape?.integers])],
  ['Tile', ([data, repeats]) => tile(dimsOrNone(data), repeats?.integers)],
  ['Range', ([start, limit, delta]) => rangeDims(start, limit, delta)],
  ['Pad', ([data, pads, , axes]) => (axes === undefined ? pad(dimsOrNone(data), pads?.integers) : undefined)],
  ['Resize', ([, , , sizes]) => sizes?.integers],
  ['OneHot', ([indices, depth]) => join(dimsOrNone(indices), depth?.integers?.slice(0, 1))],
  ['Unsqueeze', ([data, axes], node) => unsqueeze(data?.dims, axes?.integers ?? integersOf(node, 'axes'))],
  ['Concat', (inputs, node) => concat(inputs.map(dimsOf), integerOf(node, 'axis'))],
  ['Gather', ([data, indices], node) => gather(data?.dims, indices?.dims, integerOf(node, 'axis') ?? 0)],
  ['MatMul', ([left, right]) => matMul(left?.dims, right?.dims)],
  ['Shape', ([data]) => (data?.dims === undefined ? undefined : [data.dims.length])],
  ['Size', () => []],
]);

/** Inputs that decide on the size of the result by their elements. */
const SIZED_BY: Readonly<Record<string, readonly number[]>> = {
  ...{ ConstantOfShape: [0], Expand: [1], Tile: [1], Range: [0, 1, 2], OneHot: [1] },
  ...{ Pad: [1], CenterCropPad: [1], Resize: [2, 3], Upsample: [1], AffineGrid: [1], MaxUnpool: [2] },
  ...{ Col2Im: [1], DFT: [1], MelWeightMatrix: [0, 1] },
  ...{ BlackmanWindow: [0], HannWindow: [0], HammingWindow: [0] },
};

/** The shape of what a node makes of constants, where it follows from them. */
export function shapeOf(node: NodeFacts, inputs: Inputs): Dims {
  const dims = RULES.get(node.operator)?.(inputs, node);
  return dims?.some((size) => size < 0 || Number.isNaN(size)) === true ? undefined : dims;
}

/** Elements that each result has at most where its shape is not known: Infinity where elements decide on it. */
export function mostElements({ operator }: NodeFacts, inputs: Inputs): number {
  if (isSizing(operator)) return Infinity;
  const [first, ...others] = inputs.map((input) => input?.elements ?? 1);
  if (NO_LARGER.has(operator) || SAME.includes(operator)) return first ?? 1;
  if (operator === 'Concat') return others.reduce((sum, elements) => sum + elements, first ?? 0);
  return others.reduce((product, elements) => product * Math.max(elements, 1), first ?? 1);
}

export function isSizing(operator: string): boolean {
  return operator in SIZED_BY;
}

/** Whether all that decides on the size of the result is known, whatever the rest is; scales of a Resize are not. */
export function isSizedByConstants({ operator, inputs: names }: NodeFacts, inputs: Inputs): boolean {
  const sizing = (SIZED_BY[operator] ?? []).filter((index) => (names[index] ?? '') !== '');
  if (operator === 'Resize' || operator === 'Upsample') return inputs[3]?.integers !== undefined;
  return sizing.length > 0 && sizing.every((index) => inputs[index] !== undefined);
}

/** What a request gives is taken for one element: the result has no fewer. */
function dimsOrNone(constant: Constant | undefined): Dims {
  return constant === undefined ? [] : constant.dims;
}

function join(dims: Dims, others: Dims): Dims {
  return dims && others && [...dims, ...others];
}

function dimsOf(constant: Constant | undefined): Dims {
  return constant?.dims;
}

function broadcast(shapes: readonly Dims[]): Dims {
  const rank = Math.max(0, ...shapes.map((dims) => dims?.length ?? 0));
  const sizes = new Array<number>(rank).fill(1);
  for (const dims of shapes) {
    if (dims === undefined) return undefined;
    // An empty dimension stays empty beside 1.
    dims.forEach((size, index) => {
      const at = rank - dims.length + index;
      if (size !== 1) sizes[at] = size;
    });
  }
  return sizes;
}

function tile(dims: Dims, repeats: Dims): Dims {
  return dims && repeats?.map((times, index) => times * (dims[index] ?? 1));
}

function rangeDims(...limits: Inputs): Dims {
  const [start, limit, delta] = limits.map((constant) => constant?.integers?.[0]);
  if (start === undefined || limit === undefined || delta === undefined || delta === 0) return undefined;
  return [Math.max(0, Math.ceil((limit - start) / delta))];
}

function pad(dims: Dims, pads: Dims): Dims {
  const rank = (pads?.length ?? 0) / 2;
  if (pads === undefined || dims === undefined) return undefined;
  return pads
    .slice(0, rank)
    .map((before, index) => Math.max(0, (dims[index] ?? 1) + before + (pads[rank + index] ?? 0)));
}

function unsqueeze(dims: Dims, axes: Dims): Dims {
  if (dims === undefined || axes === undefined) return undefined;
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const rest = dims.values();
  return Array.from({ length: rank }, (_, index) => (added.has(index) ? 1 : (rest.next().value ?? 1)));
}

function concat(shapes: readonly Dims[], axis: number | undefined): Dims {
  const [first] = shapes;
  if (first === undefined || axis === undefined) return undefined;
  const along = axis < 0 ? axis + first.length : axis;
  const length = shapes.reduce((sum, dims) => sum + (dims?.[along] ?? NaN), 0);
  return Number.isNaN(length) ? undefined : first.with(along, length);
}

function gather(data: Dims, indices: Dims, axis: number): Dims {
  if (data === undefined || indices === undefined) return undefined;
  const along = axis < 0 ? axis + data.length : axis;
  return [...data.slice(0, along), ...indices, ...data.slice(along + 1)];
}

function matMul(left: Dims, right: Dims): Dims {
  if (left === undefined || right === undefined || left.length < 2 || right.length < 2) return undefined;
  const batch = broadcast([left.slice(0, -2), right.slice(0, -2)]) ?? [];
  return [...batch, left.at(-2) ?? 1, right.at(-1) ?? 1];
}

function integerOf({ attributes }: NodeFacts, name: string): number | undefined {
  return attributes.find((attribute) => attribute.name === name)?.integer;
}
