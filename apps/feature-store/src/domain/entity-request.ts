import { EvaluationError, type Value, type ValueType } from '@plumbline/expressions';
import { composeKey, type KeyValue, type Micros } from '@plumbline/features';
import type { RequestProgram, ServiceFeature, ServicePlan } from './catalogue.ts';
import { errors } from './errors.ts';
import { present, type FeatureValue } from './feature-value.ts';
import type { TypedValue } from './ingest-rows.ts';
import type { ViewProgram } from './view-program.ts';

/** One entity row of a read: join keys and request values by name. */
export interface EntityRequest {
  readonly keys: Readonly<Record<string, TypedValue>>;
  readonly requestValues: Readonly<Record<string, TypedValue>>;
  readonly at: Micros;
}

/** The entity's key in one view. Throws ENTITY_KEY_MISSING; keys that the view does not use are ignored. */
export function entityKey(view: ViewProgram, request: EntityRequest): string {
  const parts = view.joinKeys.map(({ name, type }): KeyValue => {
    const value = Object.hasOwn(request.keys, name) ? coerce(request.keys[name]!, type) : undefined;
    if (value !== undefined && value !== null) return value;
    const found = describe(request.keys, name);
    throw errors.ENTITY_KEY_MISSING(
      `view ${view.name} needs the join key ${name} of type ${type}; ${found}`,
      {
        metadata: { view: view.name, key: name },
      },
    );
  });
  return composeKey(parts);
}

/** Values of all request views of a service, by view: each a row that its expressions run on. */
export function requestRows(plan: ServicePlan, request: EntityRequest): Value[][] {
  return plan.requests.map((view) =>
    view.inputs.map(({ name, type }) => requestValue(view, name, type, request)),
  );
}

/** A request-time feature. Throws REQUEST_VALUE_INVALID where its expression is not defined for the values sent. */
export function requestFeature(
  feature: Extract<ServiceFeature, { kind: 'request' }>,
  rows: readonly (readonly Value[])[],
): FeatureValue {
  try {
    return present(feature.evaluate(rows[feature.request]!));
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw errors.REQUEST_VALUE_INVALID(`${feature.name}: ${error.message}`, {
      metadata: { feature: feature.name, fault: error.reason },
    });
  }
}

function requestValue(view: RequestProgram, name: string, type: ValueType, request: EntityRequest): Value {
  const sent = Object.hasOwn(request.requestValues, name) ? request.requestValues[name]! : undefined;
  const value = sent === undefined ? undefined : coerce(sent, type);
  if (value !== undefined) return value;
  const found = describe(request.requestValues, name);
  throw errors.REQUEST_VALUE_MISSING(
    `view ${view.name} needs the request value ${name} of type ${type}; ${found}`,
    { metadata: { view: view.name, input: name } },
  );
}

/** What was sent under a name, without its value. */
function describe(sent: Readonly<Record<string, TypedValue>>, name: string): string {
  if (!Object.hasOwn(sent, name)) return 'none was sent';
  const value = sent[name]!;
  return value === null ? 'NULL was sent' : `a ${value.type} was sent`;
}

/** The value as `type` where nothing is lost; undefined where it is of another type. */
function coerce(sent: TypedValue, type: ValueType): Value | undefined {
  if (sent === null) return null;
  const { value } = sent;
  if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
  if (isWhole(type) && !Number.isSafeInteger(value)) return undefined;
  if (sent.type === type) return value;
  const isWidening = sent.type === 'INT64' && (type === 'DOUBLE' || type === 'TIMESTAMP');
  return isWidening || (sent.type === 'DOUBLE' && type === 'INT64') ? value : undefined;
}

function isWhole(type: ValueType): boolean {
  return type === 'INT64' || type === 'TIMESTAMP';
}
