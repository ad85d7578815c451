import { FieldReader } from '@plumbline/wire';
import type { ScanLimits } from './protocol.ts';

/** The domains whose operators ONNX Runtime itself implements and that compute on nothing but their inputs. */
const DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx', 'ai.onnx.ml']);
/** Graphs nested in attributes (If, Loop, Scan). */
const MAX_DEPTH = 16;

/** The model would reach outside itself, or is larger than it may be. */
export class UnsafeModel extends Error {
  override readonly name = 'UnsafeModel';
}

interface Scan {
  readonly limits: ScanLimits;
  /** Operators seen in nodes, outside the allow-listed domains. */
  readonly foreign: Set<string>;
  nodes: number;
}

type Visit = (reader: FieldReader) => void;

/**
 * Walks a serialised onnx.ModelProto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) without decoding it and
 * refuses operators of domains that are not allow-listed unless the model defines them itself, tensors with external
 * data, training graphs, and more nodes or nesting than allowed. Costs a few nanoseconds per field.
 * @throws UnsafeModel; WireError for bytes that are no protobuf.
 */
export function scanModel(model: Uint8Array, limits: ScanLimits): void {
  const scan: Scan = { limits, foreign: new Set(), nodes: 0 };
  const defined = new Set<string>();
  let graphs = 0;
  walk(new FieldReader(model), {
    7: (field) => {
      graphs++;
      scanGraph(field.message(), scan, 0);
    },
    20: () => {
      throw new UnsafeModel('the model carries a training graph');
    },
    25: (field) => defined.add(scanFunction(field.message(), scan)),
  });
  if (graphs !== 1) throw new UnsafeModel(`the model has ${graphs} graphs`);
  const unknown = [...scan.foreign].find((operator) => !defined.has(operator));
  if (unknown !== undefined) throw new UnsafeModel(`the model uses the foreign operator ${unknown}`);
}

function scanGraph(graph: FieldReader, scan: Scan, depth: number): void {
  if (depth > MAX_DEPTH) throw new UnsafeModel(`graphs are nested deeper than ${MAX_DEPTH}`);
  walk(graph, {
    1: (field) => scanNode(field.message(), scan, depth),
    5: (field) => scanTensor(field.message()),
    15: (field) => scanSparseTensor(field.message()),
  });
}

/** Returns the operator that the function defines. */
function scanFunction(body: FieldReader, scan: Scan): string {
  let domain = '';
  let name = '';
  walk(body, {
    1: (field) => (name = field.string()),
    7: (field) => scanNode(field.message(), scan, 0),
    10: (field) => (domain = field.string()),
    11: (field) => scanAttribute(field.message(), scan, 0),
  });
  return `${domain}.${name}`;
}

function scanNode(node: FieldReader, scan: Scan, depth: number): void {
  if (++scan.nodes > scan.limits.maxNodes) {
    throw new UnsafeModel(`the model has more than ${scan.limits.maxNodes} nodes`);
  }
  let domain = '';
  let name = '';
  walk(node, {
    4: (field) => (name = field.string()),
    5: (field) => scanAttribute(field.message(), scan, depth),
    7: (field) => (domain = field.string()),
  });
  if (!DOMAINS.has(domain)) scan.foreign.add(`${domain}.${name}`);
}

function scanAttribute(attribute: FieldReader, scan: Scan, depth: number): void {
  const tensor: Visit = (field) => scanTensor(field.message());
  const graph: Visit = (field) => scanGraph(field.message(), scan, depth + 1);
  const sparse: Visit = (field) => scanSparseTensor(field.message());
  walk(attribute, { 5: tensor, 6: graph, 10: tensor, 11: graph, 22: sparse, 23: sparse });
}

function scanSparseTensor(sparse: FieldReader): void {
  walk(sparse, { 1: (field) => scanTensor(field.message()), 2: (field) => scanTensor(field.message()) });
}

function scanTensor(tensor: FieldReader): void {
  const refuse = () => {
    throw new UnsafeModel('a tensor lies outside the model file');
  };
  walk(tensor, {
    13: refuse,
    14: (field) => {
      if (field.uint64() !== 0n) refuse();
    },
  });
}

function walk(reader: FieldReader, visits: Readonly<Record<number, Visit>>): void {
  while (reader.next()) {
    const visit = visits[reader.field];
    if (visit === undefined) reader.skip();
    else visit(reader);
  }
}
