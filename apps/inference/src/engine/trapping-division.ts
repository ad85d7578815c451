import type { NodeFacts } from './constants.ts';
import { bitsOfConstant, bitsOfResult, LOWEST_BITS, PLACE_BITS, type Bits } from './magnitudes.ts';
import type { TensorFacts } from './tensor-facts.ts';

/** What is known of a value before any run. */
interface ValueFacts {
  /** Elements of 32 or 64 bits, signed: the smallest of them divided by −1 has no result. */
  readonly wide: boolean;
  /** Whether a request decides on its elements, other than by its shape. */
  readonly free: boolean;
  /** Of its elements, where they are whole numbers. */
  readonly bits: Bits;
}

interface ConstantFacts extends ValueFacts {
  /** Whether anything can be divided by it. */
  readonly divides: boolean;
  /** The greatest of its elements; Infinity where they are not known. */
  readonly greatest: number;
}

const INT32 = 6;
const INT64 = 7;
const SMALL: ValueFacts = { wide: true, free: false, bits: PLACE_BITS };
const UNKNOWN: ValueFacts = { wide: true, free: true, bits: Infinity };

/** Operators whose integers are sizes or places: never the smallest. */
const PLACES: ReadonlySet<string> = new Set(['Shape', 'Size', 'NonZero', 'ArgMax', 'ArgMin', 'Multinomial']);
/** The input whose type the result has, where it is not the first. */
const TYPED_BY: Readonly<Record<string, number>> = { Where: 1, CastLike: 1, OneHot: 2 };
const OWN_DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx']);
/** Operators that make 32-bit integers of narrower ones. */
const WIDENING: ReadonlySet<string> = new Set(['MatMulInteger', 'ConvInteger']);
/** Operators that never give wide integers, whatever they are given. */
const NARROW: ReadonlySet<string> = new Set([
  ...['DequantizeLinear', 'DynamicQuantizeLinear', 'QuantizeLinear', 'QLinearMatMul', 'QLinearConv'],
  ...['RandomNormal', 'RandomUniform', 'RandomNormalLike', 'RandomUniformLike'],
]);
/** Operators whose results come out of graphs of their own. */
const NESTING: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan', 'SequenceMap']);
/** Of ai.onnx.ml, those that may give integers; all others give floats. */
const ML_INTEGERS: ReadonlySet<string> = new Set(['LabelEncoder', 'CategoryMapper', 'ArrayFeatureExtractor']);

/**
 * The inputs by which a result may be larger than all that a request brought. What follows only from the shapes of the
 * request, as in the exports of the usual frameworks, is bounded by the request and is not free.
 */
const SIZED_BY: Readonly<Record<string, readonly number[]>> = {
  ...{ ConstantOfShape: [0], Expand: [1], Tile: [1, 2], Range: [0, 1, 2], OneHot: [1] },
  ...{ Pad: [1], CenterCropPad: [1], Resize: [1, 2, 3], Upsample: [1], AffineGrid: [1] },
  ...{ MaxUnpool: [2], Col2Im: [1], DFT: [1], MelWeightMatrix: [0, 1] },
  ...{ BlackmanWindow: [0], HannWindow: [0], HammingWindow: [0] },
};

/**
 * Operators whose results are no larger than their inputs are together, or broadcast against each other. A loop of
 * nothing else ends with tensors that a single turn could make.
 */
const KEEPING: ReadonlySet<string> = new Set([
  ...['Identity', 'Constant', 'Cast', 'Loop', 'If', 'Where', 'Clip', 'Not', 'And', 'Or', 'Xor'],
  ...['Abs', 'Neg', 'Sqrt', 'Exp', 'Log', 'Relu', 'Sigmoid', 'Tanh', 'Floor', 'Ceil', 'Round'],
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Pow', 'Min', 'Max', 'Sum', 'Mean'],
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'],
  ...['ReduceMax', 'ReduceMin', 'ReduceSum', 'ReduceMean', 'ReduceProd', 'ArgMax', 'ArgMin'],
]);

/** Of a loop whose results stay small enough for the service's own process, as those over a sequence do. */
const MAX_TURNS = 4096;

/** What is no reason to refuse a model, but one not to run it in the service's own process. */
export interface ModelRisks {
  /** Operator that may end the process; undefined where there is none. */
  readonly trap: string | undefined;
  /** Operator whose result a few bytes of a request can make of any size; undefined where there is none. */
  readonly growth: string | undefined;
}

/**
 * Finds tensors whose sizes are elements of a request, and integer divisions that trap. ONNX Runtime checks for
 * divisors of 0, not for the one quotient that does not fit: the smallest integer by −1 ends the whole process, in a
 * run or, where both are constants, while the model is opened. Types and magnitudes are followed from inputs and
 * constants through the nodes, in the order of the graph.
 */
export class TrappingDivision {
  readonly #nodes: NodeFacts[] = [];
  readonly #constants = new Map<string, ConstantFacts>();
  readonly #values = new Map<string, ValueFacts>();

  noteNode(node: NodeFacts): void {
    if (node.operator === 'Constant') this.#noteConstantNode(node);
    else this.#nodes.push(node);
  }

  /** An input of the model, or of a graph in it. @param elementType onnx.TensorProto.DataType. */
  noteInput(name: string, elementType: number): void {
    this.#values.set(name, { wide: isWide(elementType), free: true, bits: Infinity });
  }

  noteConstant({ name, elementType, integers }: TensorFacts): void {
    const wide = isWide(elementType);
    this.#constants.set(name, {
      ...{ wide, free: false, divides: !wide || isHarmless(integers) },
      greatest: greatestOf(integers),
      bits: bitsOfConstant(elementType, integers),
    });
  }

  /** To be called once, when all nodes and constants are known. */
  find(): ModelRisks {
    let trap: string | undefined;
    let growth: string | undefined;
    for (const node of this.#nodes) {
      if (trap === undefined && this.#mayTrap(node)) trap = node.operator;
      if (growth === undefined && (this.#isSizedByRequest(node) || this.#mayGrowWithTurns(node)))
        growth = node.operator;
      const facts = this.#resultOf(node);
      for (const output of node.outputs) this.#values.set(output, facts);
    }
    return { trap, growth };
  }

  /** The inputs that decide on the size of the result, and whose elements a request decides on. */
  #isSizedByRequest({ operator, domain, inputs }: NodeFacts): boolean {
    const sizing = OWN_DOMAINS.has(domain) ? (SIZED_BY[operator] ?? []) : [];
    return sizing.some((index) => (inputs[index] ?? '') !== '' && this.#valueOf(inputs[index] ?? '').free);
  }

  /** A loop of many turns, or of as many as a request decides on, that collects or enlarges something in each. */
  #mayGrowWithTurns({ operator, domain, inputs, outputs }: NodeFacts): boolean {
    if (operator !== 'Loop' || !OWN_DOMAINS.has(domain)) return false;
    const [turns = ''] = inputs;
    const most = this.#constants.get(turns)?.greatest ?? 0;
    if (turns !== '' && !this.#valueOf(turns).free && most <= MAX_TURNS) return false;
    const carried = Math.max(inputs.length - 2, 0);
    return outputs.length > carried || this.#nodes.some((node) => !KEEPING.has(node.operator));
  }

  #mayTrap({ operator, inputs, attributes }: NodeFacts): boolean {
    const [dividend = '', divisor = ''] = inputs;
    const divides = operator === 'Div' || (operator === 'Mod' && intOf(attributes, 'fmod') !== 1);
    const { wide, bits } = this.#valueOf(dividend);
    return divides && wide && bits >= LOWEST_BITS && this.#constants.get(divisor)?.divides !== true;
  }

  #resultOf(node: NodeFacts): ValueFacts {
    const { operator, domain } = node;
    const inputs = node.inputs.filter((name) => name !== '').map((name) => this.#valueOf(name));
    const free = inputs.some((input) => input.free);
    const wide = this.#isWide(node);
    if (domain === 'ai.onnx.ml') return { wide: ML_INTEGERS.has(operator), free, bits: Infinity };
    if (NESTING.has(operator) || !OWN_DOMAINS.has(domain)) return UNKNOWN;
    if (PLACES.has(operator)) return SMALL;
    const bits = inputs.map((input) => (input.wide ? input.bits : Infinity));
    return { wide, free, bits: bitsOfResult(node, bits) };
  }

  #isWide({ operator, inputs, attributes }: NodeFacts): boolean {
    if (NARROW.has(operator)) return false;
    if (WIDENING.has(operator)) return true;
    if (operator === 'Cast') return isWide(intOf(attributes, 'to'));
    return this.#valueOf(inputs[TYPED_BY[operator] ?? 0] ?? '').wide;
  }

  #noteConstantNode({ outputs: [name = ''], attributes }: NodeFacts): void {
    const tensor = attributes.find((attribute) => attribute.name === 'value')?.tensor;
    if (tensor !== undefined) return this.noteConstant({ ...tensor, name });
    const integers = attributes.flatMap((attribute) => {
      if (attribute.name === 'value_ints') return attribute.integers;
      return attribute.name === 'value_int' ? [attribute.integer ?? 0] : [];
    });
    this.#constants.set(name, {
      ...{ wide: integers.length > 0, free: false, divides: isHarmless(integers) },
      greatest: greatestOf(integers),
      bits: bitsOfConstant(INT64, integers),
    });
  }

  #valueOf(name: string): ValueFacts {
    return this.#constants.get(name) ?? this.#values.get(name) ?? UNKNOWN;
  }
}

function isWide(elementType: number | undefined): boolean {
  return elementType === INT32 || elementType === INT64 || elementType === undefined;
}

function isHarmless(integers: readonly number[] | undefined): boolean {
  return integers?.every((each) => each !== -1) === true;
}

function greatestOf(integers: readonly number[] | undefined): number {
  return integers === undefined ? Infinity : Math.max(0, ...integers);
}

function intOf(attributes: NodeFacts['attributes'], name: string): number | undefined {
  return attributes.find((attribute) => attribute.name === name)?.integer;
}
