import type { FieldViolation } from '@plumbline/errors';
import { ExpressionError, parseTyped, type ValueType } from '@plumbline/expressions';
import { compilePattern } from '@plumbline/features';
import {
  splitReference,
  type Definitions,
  type FeatureServiceDefinition,
  type FeatureViewDefinition,
  type RequestViewDefinition,
  type SourceDefinition,
} from './definitions.ts';

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** Longest window: the tiles of one read stay few. */
const MAX_WINDOW_US = 400 * 86_400_000_000;
const MAX_TTL_US = 36_525 * 86_400_000_000;

type Report = (field: string, description: string) => void;

/** Every fault of the definitions by themselves; empty when they hold together. */
export function checkDefinitions(definitions: Definitions): FieldViolation[] {
  const violations: FieldViolation[] = [];
  const report: Report = (field, description) => violations.push({ field, description });
  checkNames('entities', definitions.entities, report);
  checkNames('sources', definitions.sources, report);
  checkNames('feature_views', [...definitions.featureViews, ...definitions.requestViews], report);
  checkNames('feature_services', definitions.featureServices, report);
  for (const entity of definitions.entities) {
    const path = `entities.${entity.name}.join_keys`;
    if (entity.joinKeys.length === 0) report(path, 'at least one join key is required');
    checkNames(path, entity.joinKeys, report);
  }
  for (const source of definitions.sources) checkSource(source, report);
  for (const view of definitions.featureViews) checkView(view, definitions, report);
  for (const view of definitions.requestViews) checkRequestView(view, report);
  for (const service of definitions.featureServices) checkService(service, definitions, report);
  return violations;
}

function checkNames(path: string, named: readonly { readonly name: string }[], report: Report): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (!NAME.test(name)) report(`${path}.${name}`, 'names are lower_snake_case with at most 63 characters');
    if (seen.has(name)) report(`${path}.${name}`, 'the name is used twice');
    seen.add(name);
  }
}

function checkSource(source: SourceDefinition, report: Report): void {
  const path = `sources.${source.name}`;
  if (source.columns.length === 0) report(`${path}.columns`, 'at least one column is required');
  checkNames(`${path}.columns`, [...source.columns, ...source.derived], report);
  const columns = new Map<string, ValueType>(source.columns.map((column) => [column.name, column.type]));
  for (const column of source.columns) {
    try {
      compilePattern(column.pattern);
    } catch (error) {
      report(`${path}.columns.${column.name}.pattern`, (error as Error).message);
    }
    if (Number.isNaN(column.min ?? 0) || Number.isNaN(column.max ?? 0)) {
      report(`${path}.columns.${column.name}`, 'a bound is not a number');
    }
    if (column.domain.length + column.pattern.length > 0 && column.type !== 'STRING') {
      report(`${path}.columns.${column.name}`, 'domain and pattern are for STRING columns');
    }
  }
  for (const { name, expression, type } of source.derived) {
    checkExpression(`${path}.derived.${name}`, expression, columns, type, report);
    columns.set(name, type);
  }
  if (source.rowKey.length === 0) report(`${path}.row_key`, 'at least one column is required');
  for (const key of source.rowKey) if (!columns.has(key)) report(`${path}.row_key`, `unknown column ${key}`);
  checkExpression(`${path}.event_time`, source.eventTime, columns, 'TIMESTAMP', report);
  if (source.knownAt !== '')
    checkExpression(`${path}.known_at`, source.knownAt, columns, 'TIMESTAMP', report);
  const share = source.rejectBatchAboveShare;
  if (!(share >= 0 && share <= 1)) report(`${path}.reject_batch_above_share`, 'must lie in [0, 1]');
}

function checkExpression(
  path: string,
  text: string,
  columns: ReadonlyMap<string, ValueType>,
  type: ValueType,
  report: Report,
): void {
  try {
    parseTyped(text, columns, type);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report(path, error.message);
  }
}

function checkView(view: FeatureViewDefinition, definitions: Definitions, report: Report): void {
  const path = `feature_views.${view.name}`;
  checkNames(`${path}.features`, [...view.features, ...view.latestColumns.map((name) => ({ name }))], report);
  if (view.features.length + view.latestColumns.length === 0)
    report(path, 'a view needs at least one feature');
  if (!(view.ttlUs >= 0 && view.ttlUs <= MAX_TTL_US)) report(`${path}.ttl_us`, 'must lie in 0 to 100 years');
  const source = definitions.sources.find((candidate) => candidate.name === view.source);
  const entity = definitions.entities.find((candidate) => candidate.name === view.entity);
  if (source === undefined) report(`${path}.source`, `unknown source ${view.source}`);
  if (entity === undefined) report(`${path}.entity`, `unknown entity ${view.entity}`);
  if (source === undefined || entity === undefined) return;
  const columns = columnsOf(source);
  for (const key of entity.joinKeys) {
    if (columns.get(key.name) !== key.type) {
      report(`${path}.entity`, `source ${source.name} has no column ${key.name} of type ${key.type}`);
    }
  }
  for (const column of view.latestColumns) {
    if (!columns.has(column)) report(`${path}.latest_columns`, `unknown column ${column}`);
  }
  for (const feature of view.features)
    checkFeature(`${path}.features.${feature.name}`, feature, columns, report);
}

function checkFeature(
  path: string,
  feature: FeatureViewDefinition['features'][number],
  columns: ReadonlyMap<string, ValueType>,
  report: Report,
): void {
  if (!(feature.windowUs > 0 && feature.windowUs <= MAX_WINDOW_US)) {
    report(`${path}.window_us`, 'must be positive and at most 400 days');
  }
  if (feature.operation === 'count') {
    if (feature.column !== '') report(`${path}.column`, 'count counts rows and takes no column');
    return;
  }
  const type = columns.get(feature.column);
  if (type === undefined) report(`${path}.column`, `unknown column ${feature.column}`);
  else if (type === 'STRING') report(`${path}.column`, 'STRING columns cannot be aggregated');
  else if (type === 'TIMESTAMP' && (feature.operation === 'sum' || feature.operation === 'mean')) {
    report(`${path}.column`, 'instants have no sum');
  }
}

function checkRequestView(view: RequestViewDefinition, report: Report): void {
  const path = `request_views.${view.name}`;
  checkNames(`${path}.inputs`, view.inputs, report);
  checkNames(`${path}.features`, view.features, report);
  const columns = new Map<string, ValueType>(view.inputs.map((input) => [input.name, input.type]));
  for (const { name, expression, type } of view.features) {
    checkExpression(`${path}.features.${name}`, expression, columns, type, report);
  }
}

function checkService(service: FeatureServiceDefinition, definitions: Definitions, report: Report): void {
  const path = `feature_services.${service.name}.features`;
  if (service.features.length === 0) report(path, 'at least one feature is required');
  if (new Set(service.features).size < service.features.length) report(path, 'a feature is named twice');
  for (const reference of service.features) {
    const names = splitReference(reference);
    if (names === undefined || !featuresOf(definitions, names.view).has(names.feature)) {
      report(path, `unknown feature ${reference}; write view:feature`);
    }
  }
}

function featuresOf(definitions: Definitions, viewName: string): Set<string> {
  const view = definitions.featureViews.find((candidate) => candidate.name === viewName);
  if (view) return new Set([...view.features.map((feature) => feature.name), ...view.latestColumns]);
  const request = definitions.requestViews.find((candidate) => candidate.name === viewName);
  return new Set(request?.features.map((feature) => feature.name));
}

function columnsOf(source: SourceDefinition): Map<string, ValueType> {
  return new Map([...source.columns, ...source.derived].map(({ name, type }) => [name, type]));
}
