import { UnsafeModel } from './unsafe-model.ts';

const MAX_CALL_DEPTH = 100;

/** How often a body calls each operator. */
type Calls = ReadonlyMap<string, number>;

/** Counts the nodes that a model has once each call of its functions is replaced by the function's nodes. */
export class ExpandedNodes {
  readonly #functions = new Map<string, Calls[]>();
  readonly #expanded = new Map<string, number>();
  readonly #open = new Set<string>();
  #graph: Calls = new Map();
  /** Of the body that is being read. */
  #calls = new Map<string, number>();

  noteNode(domain: string, operator: string): void {
    const key = keyOf(domain, operator);
    this.#calls.set(key, (this.#calls.get(key) ?? 0) + 1);
  }

  endGraph(): void {
    this.#graph = this.#take();
  }

  /** Overloads share a name: a call counts as one of each. */
  endFunction(domain: string, name: string): void {
    const key = keyOf(domain, name);
    this.#functions.set(key, [...(this.#functions.get(key) ?? []), this.#take()]);
  }

  /** To be called when all bodies are known. @throws UnsafeModel, also for functions that call themselves. */
  check(maxNodes: number): void {
    if (this.#sum(this.#graph, maxNodes) > maxNodes) {
      throw new UnsafeModel(`the model's functions expand to more than ${maxNodes} nodes`);
    }
  }

  #take(): Calls {
    const calls = this.#calls;
    this.#calls = new Map();
    return calls;
  }

  #sum(calls: Calls, maxNodes: number): number {
    let nodes = 0;
    for (const [operator, count] of calls) {
      nodes += count * this.#nodesOf(operator, maxNodes);
      // No sum grows past what a number holds exactly.
      if (nodes > maxNodes) return maxNodes + 1;
    }
    return nodes;
  }

  #nodesOf(operator: string, maxNodes: number): number {
    const bodies = this.#functions.get(operator);
    if (bodies === undefined) return 1;
    const known = this.#expanded.get(operator);
    if (known !== undefined) return known;
    if (this.#open.has(operator)) throw new UnsafeModel(`the function ${operator} calls itself`);
    if (this.#open.size >= MAX_CALL_DEPTH) {
      throw new UnsafeModel(`functions call one another deeper than ${MAX_CALL_DEPTH}`);
    }
    this.#open.add(operator);
    const nodes = bodies.reduce((sum, calls) => sum + this.#sum(calls, maxNodes), 1);
    this.#open.delete(operator);
    this.#expanded.set(operator, nodes);
    return nodes;
  }
}

function keyOf(domain: string, operator: string): string {
  return `${domain === 'ai.onnx' ? '' : domain}.${operator}`;
}
