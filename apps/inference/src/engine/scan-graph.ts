import { FieldReader } from '@plumbline/wire';
import { ExpandedNodes } from './expanded-nodes.ts';
import { product, type AttributeFacts } from './constants.ts';
import { checkMade, MadeTensors } from './made-tensors.ts';
import type { ScanLimits } from './protocol.ts';
import { readIntegers, readTensor, type TensorFacts } from './tensor-facts.ts';
import { TrappingDivision } from './trapping-division.ts';
import { UnsafeModel } from './unsafe-model.ts';
import { walk, type Visit } from './walk-fields.ts';

/** The domains whose operators ONNX Runtime itself implements and that compute on nothing but their inputs. */
const DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx', 'ai.onnx.ml']);
/** Graphs nested in attributes (If, Loop, Scan). */
const MAX_DEPTH = 16;

/** Elements that a byte of a model can hold: types of one bit do not exist. */
const MAX_ELEMENTS_PER_BYTE = 8;

/** What was seen of a model so far. */
export interface Scan {
  readonly limits: ScanLimits;
  /** Operators seen in nodes, outside the allow-listed domains. */
  readonly foreign: Set<string>;
  readonly made: MadeTensors;
  readonly divisions: TrappingDivision;
  readonly expanded: ExpandedNodes;
  nodes: number;
}

export function startScan(limits: ScanLimits): Scan {
  return {
    limits,
    foreign: new Set(),
    made: new MadeTensors(),
    divisions: new TrappingDivision(),
    expanded: new ExpandedNodes(),
    nodes: 0,
  };
}

/** @throws UnsafeModel, WireError */
export function scanGraph(graph: FieldReader, scan: Scan, depth: number): void {
  if (depth > MAX_DEPTH) throw new UnsafeModel(`graphs are nested deeper than ${MAX_DEPTH}`);
  walk(graph, {
    1: (field) => scanNode(field.message(), scan, depth),
    5: (field) => noteConstant(scanTensor(field), scan),
    11: (field) => noteInput(field.message(), scan),
    15: (field) => scanSparseTensor(field.message()),
  });
}

/** Returns the operator that the function defines. @throws UnsafeModel, WireError */
export function scanFunction(body: FieldReader, scan: Scan): string {
  let domain = '';
  let name = '';
  walk(body, {
    1: (field) => (name = field.string()),
    7: (field) => scanNode(field.message(), scan, 0),
    10: (field) => (domain = field.string()),
    11: (field) => scanAttribute(field.message(), scan, 0),
  });
  scan.expanded.endFunction(domain, name);
  return `${domain}.${name}`;
}

function scanNode(node: FieldReader, scan: Scan, depth: number): void {
  if (++scan.nodes > scan.limits.maxNodes) {
    throw new UnsafeModel(`the model has more than ${scan.limits.maxNodes} nodes`);
  }
  let domain = '';
  let name = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: AttributeFacts[] = [];
  walk(node, {
    1: (field) => inputs.push(field.string()),
    2: (field) => outputs.push(field.string()),
    4: (field) => (name = field.string()),
    5: (field) => attributes.push(scanAttribute(field.message(), scan, depth)),
    7: (field) => (domain = field.string()),
  });
  if (!DOMAINS.has(domain)) scan.foreign.add(`${domain}.${name}`);
  const facts = { domain, operator: name, inputs, outputs, attributes };
  scan.expanded.noteNode(domain, name);
  scan.made.noteNode(facts);
  scan.divisions.noteNode(facts);
}

function noteConstant(tensor: TensorFacts, scan: Scan): void {
  scan.made.noteConstant(tensor);
  scan.divisions.noteConstant(tensor);
}

/** A ValueInfoProto: its name, and of its TypeProto the element type of a tensor. */
function noteInput(value: FieldReader, scan: Scan): void {
  let name = '';
  let elementType = 0;
  const tensorType: Visit = (field) => walk(field.message(), { 1: (type) => (elementType = type.uint32()) });
  walk(value, {
    1: (field) => (name = field.string()),
    2: (field) => walk(field.message(), { 1: tensorType }),
  });
  scan.divisions.noteInput(name, elementType);
}

function scanAttribute(attribute: FieldReader, scan: Scan, depth: number): AttributeFacts {
  let name = '';
  let tensor: TensorFacts | undefined;
  let integer: number | undefined;
  const integers: number[] = [];
  const graph: Visit = (field) => scanGraph(field.message(), scan, depth + 1);
  const sparse: Visit = (field) => scanSparseTensor(field.message());
  walk(attribute, {
    1: (field) => (name = field.string()),
    3: (field) => (integer = field.int64Number()),
    5: (field) => (tensor = scanTensor(field)),
    6: graph,
    8: (field) => readIntegers(field, integers),
    10: (field) => scanTensor(field),
    11: graph,
    22: sparse,
    23: sparse,
  });
  return { name, tensor, integer, integers };
}

function scanSparseTensor(sparse: FieldReader): void {
  const dims: number[] = [];
  walk(sparse, { 1: scanTensor, 2: scanTensor, 3: (field) => readIntegers(field, dims) });
  checkMade('a sparse constant', product(dims));
}

/** @param field whose value is the tensor. */
function scanTensor(field: FieldReader): TensorFacts {
  const bytes = field.bytes();
  const facts = readTensor(new FieldReader(bytes));
  if (facts.outside) throw new UnsafeModel('a tensor lies outside the model file');
  if (facts.elements > bytes.length * MAX_ELEMENTS_PER_BYTE) {
    throw new UnsafeModel(`a tensor declares ${facts.elements} elements in ${bytes.length} bytes`);
  }
  return facts;
}
