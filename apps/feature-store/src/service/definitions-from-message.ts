import type { FieldViolation } from '@plumbline/errors';
import {
  Aggregation,
  type Definitions as DefinitionsMessage,
  type DerivedColumn,
  type FeatureView,
  type Field as FieldMessage,
  type Source,
} from '@plumbline/contract-features';
import type { ValueType as MessageType } from '@plumbline/contract-common';
import type { ValueType } from '@plumbline/expressions';
import type { AggregateOperation, DerivedSpec } from '@plumbline/features';
import type { Definitions, FeatureViewDefinition, Field, SourceDefinition } from '../domain/definitions.ts';
import { errors } from '../domain/errors.ts';
import { typeFromMessage } from './value-messages.ts';

export const OPERATIONS: ReadonlyMap<Aggregation, AggregateOperation> = new Map([
  [Aggregation.COUNT, 'count'],
  [Aggregation.SUM, 'sum'],
  [Aggregation.MEAN, 'mean'],
  [Aggregation.MIN, 'min'],
  [Aggregation.MAX, 'max'],
  [Aggregation.LAST, 'last'],
]);

/** Definitions as the domain knows them. Throws DEFINITION_INVALID where a type or an aggregation is not declared. */
export function definitionsFromMessage(message: DefinitionsMessage): Definitions {
  const read = new Reader();
  const definitions: Definitions = {
    entities: message.entities.map(({ name, joinKeys, description }) => ({
      name,
      joinKeys: read.fields(`entities.${name}.join_keys`, joinKeys),
      description,
    })),
    sources: message.sources.map((source) => sourceFrom(source, read)),
    featureViews: message.featureViews.map((view) => viewFrom(view, read)),
    requestViews: message.requestViews.map(({ name, inputs, features, description }) => ({
      name,
      inputs: read.fields(`request_views.${name}.inputs`, inputs),
      features: read.derived(`request_views.${name}.features`, features),
      description,
    })),
    featureServices: message.featureServices.map(({ name, features, description }) => ({
      name,
      features,
      description,
    })),
  };
  read.assertComplete();
  return definitions;
}

/** Reads enums, gathering what is not declared so that all faults are reported together. */
class Reader {
  readonly #violations: FieldViolation[] = [];

  type(field: string, type: MessageType): ValueType {
    const known = typeFromMessage(type);
    if (known === undefined) this.#violations.push({ field, description: 'a type is required' });
    return known ?? 'INT64';
  }

  operation(field: string, aggregation: Aggregation): AggregateOperation {
    const known = OPERATIONS.get(aggregation);
    if (known === undefined) this.#violations.push({ field, description: 'an aggregation is required' });
    return known ?? 'count';
  }

  fields(path: string, fields: readonly FieldMessage[]): Field[] {
    return fields.map(({ name, type }) => ({ name, type: this.type(`${path}.${name}`, type) }));
  }

  derived(path: string, columns: readonly DerivedColumn[]): DerivedSpec[] {
    return columns.map(({ name, expression, type }) => ({
      name,
      expression,
      type: this.type(`${path}.${name}`, type),
    }));
  }

  assertComplete(): void {
    const [first] = this.#violations;
    if (first === undefined) return;
    throw errors.DEFINITION_INVALID(`${first.field}: ${first.description}`, {
      fieldViolations: this.#violations,
    });
  }
}

function sourceFrom(source: Source, read: Reader): SourceDefinition {
  const path = `sources.${source.name}`;
  return {
    name: source.name,
    columns: source.columns.map(({ name, type, required, min, max, domain, pattern }) => ({
      name,
      type: read.type(`${path}.columns.${name}`, type),
      required,
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      domain,
      pattern,
    })),
    rowKey: source.rowKey,
    eventTime: source.eventTime,
    knownAt: source.knownAt,
    derived: read.derived(`${path}.derived`, source.derived),
    description: source.description,
    rejectBatchAboveShare: source.rejectBatchAboveShare === 0 ? 1 : source.rejectBatchAboveShare,
  };
}

function viewFrom(view: FeatureView, read: Reader): FeatureViewDefinition {
  return {
    name: view.name,
    entity: view.entity,
    source: view.source,
    features: view.features.map(({ name, column, aggregation, windowUs }) => ({
      name,
      column,
      operation: read.operation(`feature_views.${view.name}.features.${name}`, aggregation),
      windowUs: Number(windowUs),
    })),
    latestColumns: view.latestColumns,
    ttlUs: Number(view.ttlUs),
    description: view.description,
  };
}
