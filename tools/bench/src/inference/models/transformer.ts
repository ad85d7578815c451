import { int64Rows, floatRows, modelBytes } from './graph.ts';
import { GraphBuilder, integer, integers } from './graph-builder.ts';

/** Tokens that a row may name: 0 … VOCABULARY - 1. */
export const VOCABULARY = 8_192;
export const SEQUENCE_TOKENS = 128;
const LAYERS = 6;
const HIDDEN = 384;
const HEADS = 6;
const INNER = 4 * HIDDEN;

/**
 * A transformer encoder of the size that embeds sentences: 6 layers of 384, 6 heads, 128 tokens, 13.8 million random
 * weights. x INT64 [N, 128], tokens, to y FP32 [N, 384], the mean over the tokens.
 */
export function transformer(seed: number): Uint8Array {
  const graph = new GraphBuilder(seed);
  const tokens = graph.apply('Gather', [graph.weights([VOCABULARY, HIDDEN], 1), 'x']);
  const places = graph.weights([SEQUENCE_TOKENS, HIDDEN], 1);
  let states = normalised(graph, tokens, places);
  for (let layer = 0; layer < LAYERS; layer += 1) {
    states = normalised(graph, states, attention(graph, states));
    states = normalised(graph, states, feedForward(graph, states));
  }
  graph.apply('ReduceMean', [states], [integers('axes', [1]), integer('keepdims', 0)], 'y');
  return modelBytes({
    name: 'transformer',
    node: graph.nodes,
    initializer: graph.constants,
    input: [int64Rows('x', SEQUENCE_TOKENS)],
    output: [floatRows('y', HIDDEN)],
  });
}

/** Every head's softmax(q kᵀ / √d) v over states [N, tokens, hidden], side by side. */
function attention(graph: GraphBuilder, states: string): string {
  const width = HIDDEN / HEADS;
  const heads = (order: readonly number[]): string => {
    const projected = dense(graph, states, HIDDEN, HIDDEN);
    const split = graph.integers([0, SEQUENCE_TOKENS, HEADS, width]);
    return graph.apply('Transpose', [graph.apply('Reshape', [projected, split])], [integers('perm', order)]);
  };
  const scores = graph.apply('MatMul', [heads([0, 2, 1, 3]), heads([0, 2, 3, 1])]);
  const scaled = graph.apply('Mul', [scores, graph.filled([], 1 / Math.sqrt(width))]);
  const shares = graph.apply('Softmax', [scaled], [integer('axis', -1)]);
  const values = graph.apply('MatMul', [shares, heads([0, 2, 1, 3])]);
  const joined = graph.apply('Transpose', [values], [integers('perm', [0, 2, 1, 3])]);
  const merged = graph.apply('Reshape', [joined, graph.integers([0, SEQUENCE_TOKENS, HIDDEN])]);
  return dense(graph, merged, HIDDEN, HIDDEN);
}

function feedForward(graph: GraphBuilder, states: string): string {
  return dense(graph, gelu(graph, dense(graph, states, HIDDEN, INNER)), INNER, HIDDEN);
}

/** x (1 + erf(x / √2)) / 2, in the operators that exports for opsets below 20 have. */
function gelu(graph: GraphBuilder, x: string): string {
  const erf = graph.apply('Erf', [graph.apply('Mul', [x, graph.filled([], Math.SQRT1_2)])]);
  const doubled = graph.apply('Mul', [x, graph.apply('Add', [erf, graph.filled([], 1)])]);
  return graph.apply('Mul', [doubled, graph.filled([], 0.5)]);
}

function dense(graph: GraphBuilder, x: string, inputs: number, outputs: number): string {
  const product = graph.apply('MatMul', [x, graph.weights([inputs, outputs], Math.sqrt(3 / inputs))]);
  return graph.apply('Add', [product, graph.weights([outputs], 0.1)]);
}

/** The sum of both, layer-normalised. */
function normalised(graph: GraphBuilder, states: string, more: string): string {
  const inputs = [graph.apply('Add', [states, more]), graph.filled([HIDDEN], 1), graph.filled([HIDDEN], 0)];
  return graph.apply('LayerNormalization', inputs, [integer('axis', -1)]);
}
