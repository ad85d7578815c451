import {
  EvaluationError,
  ExpressionError,
  parseExpression,
  parseTyped,
  type Evaluate,
  type Value,
  type ValueType,
} from '@plumbline/expressions';
import { compareVersions, composeKey, type KeyValue, type Micros } from '@plumbline/features';
import type { ServicePlan, SourcePlan } from './catalogue.ts';
import { errors } from './errors.ts';
import { GrowingColumn } from './growing-column.ts';
import type { PastRow } from './history-store.ts';
import type { HistorySink } from './read-history.ts';
import type { ViewProgram } from './view-program.ts';

/** What the rows of a training set are. */
export interface SpineRequest {
  /** Expression for a row's instant. */
  readonly instant: string;
  /** Expression for its label, BOOL or a number. */
  readonly label: string;
  /** Instants in [from, to). */
  readonly from: Micros;
  readonly to: Micros;
  /** Expressions for request-view inputs, by input name. */
  readonly requestValues: Readonly<Record<string, string>>;
}

/** Numbers an entity of the view at index `view` of the service. */
export type CodeEntity = (view: number, key: string) => number;

/**
 * Collects the rows of a training set from the spine's source: instant, label, row key, entity of every view and
 * request-time features. A corrected row counts once, as its greatest version. Rows whose instant or label is NULL
 * are left out.
 */
export class Spine implements HistorySink {
  readonly instants = new GrowingColumn();
  readonly labels = new GrowingColumn();
  readonly rowKeys: Value[] = [];
  /** Entity numbers by view of the service. */
  readonly entities: readonly GrowingColumn[];
  /** Values of the service's request features, in their order. */
  readonly requestFeatures: readonly Value[][];
  readonly rowKeyType: ValueType;
  readonly #request: SpineRequest;
  readonly #codeEntity: CodeEntity;
  readonly #instant: Evaluate;
  readonly #label: Evaluate;
  readonly #rowKeySlot: number;
  readonly #keySlots: readonly (readonly number[])[];
  readonly #inputs: readonly (readonly Evaluate[])[];
  readonly #features: readonly { readonly request: number; readonly evaluate: Evaluate }[];

  constructor(source: SourcePlan, plan: ServicePlan, request: SpineRequest, codeEntity: CodeEntity) {
    if (!(request.from < request.to)) throw errors.SPINE_INVALID('the time range is empty');
    const compiler = new SpineCompiler(source);
    this.#request = request;
    this.#codeEntity = codeEntity;
    this.#instant = compiler.typed('spine_instant', request.instant, 'TIMESTAMP');
    this.#label = compiler.label(request.label);
    const { program } = source;
    const [firstKey] = program.spec.rowKey;
    this.rowKeyType = program.columns.get(firstKey!)!;
    this.#rowKeySlot = program.slotOf(firstKey!);
    this.#keySlots = plan.views.map((view) => compiler.keySlots(view));
    this.entities = plan.views.map(() => new GrowingColumn());
    this.#inputs = plan.requests.map((view) =>
      view.inputs.map(({ name, type }) => compiler.input(view.name, name, type, request.requestValues)),
    );
    this.#features = plan.features.filter((feature) => feature.kind === 'request');
    this.requestFeatures = this.#features.map(() => []);
  }

  take(versions: readonly PastRow[], values: readonly (readonly Value[])[]): void {
    let greatest = 0;
    for (let i = 1; i < versions.length; i++) {
      if (compareVersions(versions[i]!, versions[greatest]!) > 0) greatest = i;
    }
    try {
      this.#add(values[greatest]!);
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      throw errors.SPINE_INVALID(`an expression is not defined for a spine row: ${error.message}`);
    }
  }

  /** Positions of the rows ordered by instant, then row key. */
  order(): Uint32Array {
    const instants = this.instants.view();
    const keys = this.rowKeys;
    return Uint32Array.from(keys.keys()).sort(
      (a, b) => instants[a]! - instants[b]! || compareKeys(keys[a]!, keys[b]!),
    );
  }

  #add(row: readonly Value[]): void {
    const instant = this.#instant(row);
    if (
      instant === null ||
      (instant as number) < this.#request.from ||
      (instant as number) >= this.#request.to
    )
      return;
    const label = this.#label(row);
    if (label === null) return;
    this.instants.push(instant as number);
    this.labels.push(Number(label));
    this.rowKeys.push(row[this.#rowKeySlot]!);
    this.#keySlots.forEach((slots, view) => {
      const parts = slots.map((slot) => row[slot]!);
      const isWhole = parts.every((part): part is KeyValue => part !== null);
      this.entities[view]!.push(isWhole ? this.#codeEntity(view, composeKey(parts)) : 0);
    });
    const inputs = this.#inputs.map((view) => view.map((evaluate) => evaluate(row)));
    this.#features.forEach(({ request, evaluate }, index) => {
      this.requestFeatures[index]!.push(evaluate(inputs[request]!));
    });
  }
}

/** Compiles the expressions of a request over a source's columns, naming the field at fault. */
class SpineCompiler {
  readonly #source: SourcePlan;

  constructor(source: SourcePlan) {
    this.#source = source;
  }

  typed(field: string, text: string, type: ValueType): Evaluate {
    const { program } = this.#source;
    return program.compile(this.#parse(field, () => parseTyped(text, program.columns, type)));
  }

  label(text: string): Evaluate {
    const { program } = this.#source;
    const expression = this.#parse('label', () => parseExpression(text, program.columns));
    if (expression.type === 'STRING' || expression.type === 'TIMESTAMP') {
      throw errors.SPINE_INVALID(`the label is ${expression.type}, but a BOOL or a number is needed`);
    }
    return program.compile(expression);
  }

  /** A request input: by its expression, or by the column of its name. */
  input(view: string, name: string, type: ValueType, texts: Readonly<Record<string, string>>): Evaluate {
    const text = Object.hasOwn(texts, name) ? texts[name]! : name;
    if (text === name && !this.#source.program.columns.has(name)) {
      throw errors.REQUEST_VALUE_MISSING(`view ${view} needs an expression for its input ${name}`, {
        metadata: { view, input: name },
      });
    }
    return this.typed(`request_values.${name}`, text, type);
  }

  keySlots(view: ViewProgram): number[] {
    const { program } = this.#source;
    return view.joinKeys.map(({ name, type }) => {
      if (program.columns.get(name) === type) return program.slotOf(name);
      throw errors.SPINE_INVALID(
        `the spine has no column ${name} of type ${type}, which view ${view.name} joins on`,
        {
          metadata: { view: view.name, key: name },
        },
      );
    });
  }

  #parse<T>(field: string, parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw errors.EXPRESSION_INVALID(`${field}: ${error.message}`, {
        fieldViolations: [{ field, description: error.message }],
      });
    }
  }
}

function compareKeys(a: Value, b: Value): number {
  if (a === b || a === null || b === null) return 0;
  return a < b ? -1 : 1;
}
