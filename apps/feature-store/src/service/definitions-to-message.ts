import type { MessageInitShape } from '@bufbuild/protobuf';
import type { DefinitionsSchema, FeatureViewSchema, SourceSchema } from '@plumbline/contract-features';
import type { DerivedSpec } from '@plumbline/features';
import type { Revision } from '../domain/catalogue.ts';
import type { Definitions, FeatureViewDefinition, Field, SourceDefinition } from '../domain/definitions.ts';
import { OPERATIONS } from './definitions-from-message.ts';
import { typeToMessage } from './value-messages.ts';

const AGGREGATIONS = new Map([...OPERATIONS].map(([aggregation, operation]) => [operation, aggregation]));

/** The newest version number of a view or service, by kind and name. */
export type VersionOf = (kind: 'feature_view' | 'request_view' | 'feature_service', name: string) => number;

/** The versions that a revision's definitions have. */
export function versionsOf({ ledger }: Revision): VersionOf {
  return (kind, name) => {
    const versions = {
      feature_view: ledger.views.filter(({ view }) => view.name === name),
      request_view: ledger.requestViews.filter(({ view }) => view.name === name),
      feature_service: ledger.services.filter(({ service }) => service.name === name),
    };
    return versions[kind].at(-1)?.version ?? 0;
  };
}

export function definitionsToMessage(
  definitions: Definitions,
  versionOf: VersionOf,
): MessageInitShape<typeof DefinitionsSchema> {
  return {
    entities: definitions.entities.map(({ name, joinKeys, description }) => ({
      name,
      joinKeys: fieldsTo(joinKeys),
      description,
    })),
    sources: definitions.sources.map(sourceTo),
    featureViews: definitions.featureViews.map((view) => ({
      ...viewTo(view),
      version: versionOf('feature_view', view.name),
    })),
    requestViews: definitions.requestViews.map(({ name, inputs, features, description }) => ({
      name,
      inputs: fieldsTo(inputs),
      features: derivedTo(features),
      description,
      version: versionOf('request_view', name),
    })),
    featureServices: definitions.featureServices.map(({ name, features, description }) => ({
      name,
      features: [...features],
      description,
      version: versionOf('feature_service', name),
    })),
  };
}

function sourceTo(source: SourceDefinition): MessageInitShape<typeof SourceSchema> {
  return {
    name: source.name,
    columns: source.columns.map(({ type, domain, ...column }) => ({
      ...column,
      type: typeToMessage(type),
      domain: [...domain],
    })),
    rowKey: [...source.rowKey],
    eventTime: source.eventTime,
    knownAt: source.knownAt,
    derived: derivedTo(source.derived),
    description: source.description,
    rejectBatchAboveShare: source.rejectBatchAboveShare,
  };
}

function viewTo(view: FeatureViewDefinition): MessageInitShape<typeof FeatureViewSchema> {
  return {
    name: view.name,
    entity: view.entity,
    source: view.source,
    features: view.features.map(({ name, column, operation, windowUs }) => ({
      name,
      column,
      aggregation: AGGREGATIONS.get(operation)!,
      windowUs: BigInt(windowUs),
    })),
    latestColumns: [...view.latestColumns],
    ttlUs: BigInt(view.ttlUs),
    description: view.description,
  };
}

function fieldsTo(fields: readonly Field[]) {
  return fields.map(({ name, type }) => ({ name, type: typeToMessage(type) }));
}

function derivedTo(columns: readonly DerivedSpec[]) {
  return columns.map(({ name, expression, type }) => ({ name, expression, type: typeToMessage(type) }));
}
