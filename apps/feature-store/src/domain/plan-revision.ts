import { SourcePrograms, ViewProgram, type ViewVersion } from './view-program.ts';
import {
  splitReference,
  type Definitions,
  type FeatureServiceDefinition,
  type FeatureViewDefinition,
  type RequestViewDefinition,
} from './definitions.ts';

/** A request view as it was when it got its version. */
export interface RequestViewVersion {
  readonly version: number;
  readonly view: RequestViewDefinition;
}

/** A feature service with the versions of the views that it reads. */
export interface ServiceVersion {
  readonly version: number;
  readonly service: FeatureServiceDefinition;
  /** Version of every view that the service reads, by name. */
  readonly views: Readonly<Record<string, number>>;
}

/** All versions ever made in a tenant, oldest first; they are never changed, only extended additively. */
export interface VersionLedger {
  readonly views: readonly ViewVersion[];
  readonly requestViews: readonly RequestViewVersion[];
  readonly services: readonly ServiceVersion[];
}

export type Verdict = 'created' | 'extended' | 'replaced' | 'removed';

export interface DefinitionChange {
  readonly kind: 'entity' | 'source' | 'feature_view' | 'request_view' | 'feature_service';
  readonly name: string;
  /** 0 for kinds without versions. */
  readonly version: number;
  readonly verdict: Verdict;
}

export interface RevisionPlan {
  readonly changes: readonly DefinitionChange[];
  /** Versions to record: new ones, and extended ones with their new content. A new view has `viewId` 0. */
  readonly versions: VersionLedger;
  /** Sources over which a view version is new: their rows, if any, would have to be backfilled. */
  readonly newViewSources: readonly string[];
}

/**
 * Compares definitions with what is in force and decides on versions: additive changes extend a version, all others
 * make a new one that is served beside the old. `current` and `ledger` belong to the same revision.
 */
export function planRevision(current: Definitions, ledger: VersionLedger, wanted: Definitions): RevisionPlan {
  const views = wanted.featureViews.map((view) => decideView(view, wanted, ledger));
  const requests = wanted.requestViews.map((view) => decideRequestView(view, ledger));
  const numbers = new Map([...views, ...requests].map(({ item }) => [item.view.name, item.version]));
  const services = wanted.featureServices.map((service) => decideService(service, numbers, ledger));
  return {
    changes: [
      ...compareNamed('entity', current.entities, wanted.entities),
      ...compareNamed('source', current.sources, wanted.sources),
      ...changesOf('feature_view', views, (item) => item.view.name),
      ...removals('feature_view', current.featureViews, wanted.featureViews),
      ...changesOf('request_view', requests, (item) => item.view.name),
      ...removals('request_view', current.requestViews, wanted.requestViews),
      ...changesOf('feature_service', services, (item) => item.service.name),
      ...removals('feature_service', current.featureServices, wanted.featureServices),
    ],
    versions: { views: changed(views), requestViews: changed(requests), services: changed(services) },
    newViewSources: views
      .filter(({ verdict }) => verdict === 'created' || verdict === 'replaced')
      .map(({ item }) => item.source.name),
  };
}

interface Decision<T> {
  readonly item: T;
  /** Undefined: unchanged. */
  readonly verdict: Verdict | undefined;
}

function decideView(
  view: FeatureViewDefinition,
  wanted: Definitions,
  ledger: VersionLedger,
): Decision<ViewVersion> {
  const { description: _, rejectBatchAboveShare: __, ...source } = named(wanted.sources, view.source);
  const item = { view, entity: named(wanted.entities, view.entity), source };
  const last = ledger.views.findLast((version) => version.view.name === view.name);
  if (last === undefined) return { item: { ...item, viewId: 0, version: 1 }, verdict: 'created' };
  const kept = { ...item, viewId: last.viewId, version: last.version };
  const [before, after] = [meaningOf(last), meaningOf(kept)];
  if (before.layout !== after.layout || !isSubset(before.features, after.features)) {
    return { item: { ...item, viewId: 0, version: last.version + 1 }, verdict: 'replaced' };
  }
  if (isSubset(after.features, before.features) && last.view.description === view.description) {
    return { item: last, verdict: undefined };
  }
  return { item: kept, verdict: 'extended' };
}

/** What stored tiles depend on, and what each feature means. */
function meaningOf(version: ViewVersion): { layout: string; features: ReadonlySet<string> } {
  const source = new SourcePrograms().of(version.source);
  const program = new ViewProgram(version, source);
  const { view, entity } = version;
  const layout = JSON.stringify([
    view.source,
    view.ttlUs,
    entity.joinKeys,
    program.plan?.measures.map(({ column, ...slots }) => [source.fingerprint(column), slots]),
    program.plan && [program.plan.tileUs, program.retentionUs, program.plan.stride],
    view.latestColumns.map((column) => source.fingerprint(column)),
  ]);
  const windowed = view.features.map(({ name, operation, column, windowUs }) =>
    JSON.stringify([name, operation, column === '' ? '' : source.fingerprint(column), windowUs]),
  );
  return { layout, features: new Set(windowed) };
}

function decideRequestView(view: RequestViewDefinition, ledger: VersionLedger): Decision<RequestViewVersion> {
  const last = ledger.requestViews.findLast((version) => version.view.name === view.name);
  if (last === undefined) return { item: { view, version: 1 }, verdict: 'created' };
  if (isSame(last.view, view)) return { item: last, verdict: undefined };
  const features = (of: RequestViewDefinition): Set<string> =>
    new Set(of.features.map((one) => JSON.stringify(one)));
  const isAdditive = isSame(last.view.inputs, view.inputs) && isSubset(features(last.view), features(view));
  if (isAdditive) return { item: { view, version: last.version }, verdict: 'extended' };
  return { item: { view, version: last.version + 1 }, verdict: 'replaced' };
}

/** A service's vector is its identity, so every change of it, or of a view that it reads, makes a new version. */
function decideService(
  service: FeatureServiceDefinition,
  numbers: ReadonlyMap<string, number>,
  ledger: VersionLedger,
): Decision<ServiceVersion> {
  const names = new Set(service.features.map((reference) => splitReference(reference)!.view));
  const views = Object.fromEntries([...names].sort().map((name) => [name, numbers.get(name)!]));
  const last = ledger.services.findLast((version) => version.service.name === service.name);
  if (last === undefined) return { item: { service, views, version: 1 }, verdict: 'created' };
  if (isSame(last.service.features, service.features) && isSame(last.views, views)) {
    if (last.service.description === service.description) return { item: last, verdict: undefined };
    return { item: { service, views, version: last.version }, verdict: 'extended' };
  }
  return { item: { service, views, version: last.version + 1 }, verdict: 'replaced' };
}

function changed<T>(decisions: readonly Decision<T>[]): T[] {
  return decisions.filter(({ verdict }) => verdict !== undefined).map(({ item }) => item);
}

function changesOf<T extends { readonly version: number }>(
  kind: DefinitionChange['kind'],
  decisions: readonly Decision<T>[],
  nameOf: (item: T) => string,
): DefinitionChange[] {
  return decisions.flatMap(({ item, verdict }) =>
    verdict === undefined ? [] : [{ kind, name: nameOf(item), version: item.version, verdict }],
  );
}

function removals(
  kind: DefinitionChange['kind'],
  before: readonly Named[],
  after: readonly Named[],
): DefinitionChange[] {
  const kept = new Set(after.map(({ name }) => name));
  return before
    .filter(({ name }) => !kept.has(name))
    .map(({ name }) => ({ kind, name, version: 0, verdict: 'removed' as const }));
}

function compareNamed(
  kind: 'entity' | 'source',
  before: readonly Named[],
  after: readonly Named[],
): DefinitionChange[] {
  const old = new Map(before.map((item) => [item.name, item]));
  const changes = after.flatMap((item): DefinitionChange[] => {
    const previous = old.get(item.name);
    if (previous !== undefined && isSame(previous, item)) return [];
    return [{ kind, name: item.name, version: 0, verdict: previous === undefined ? 'created' : 'extended' }];
  });
  return [...changes, ...removals(kind, before, after)];
}

interface Named {
  readonly name: string;
}

function named<T extends Named>(items: readonly T[], name: string): T {
  const item = items.find((candidate) => candidate.name === name);
  if (item === undefined) throw new RangeError(`${name} is not defined; definitions are checked before`);
  return item;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function isSubset(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return [...a].every((item) => b.has(item));
}
