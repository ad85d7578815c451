import { compileExpression, parseTyped, type Evaluate, type ValueType } from '@plumbline/expressions';
import type { SourceProgram } from '@plumbline/features';
import { NO_DEFINITIONS, splitReference, type Definitions, type Field } from './definitions.ts';
import { errors } from './errors.ts';
import type { RequestViewVersion, ServiceVersion, VersionLedger } from './plan-revision.ts';
import { SourcePrograms, ViewProgram } from './view-program.ts';

/** A tenant's definitions at one revision, as stored. */
export interface Revision {
  readonly revision: number;
  readonly definitions: Definitions;
  readonly ledger: VersionLedger;
}

export const FIRST_REVISION: Revision = {
  revision: 0,
  definitions: NO_DEFINITIONS,
  ledger: { views: [], requestViews: [], services: [] },
};

/** A source with every view version that its rows must reach. */
export interface SourcePlan {
  /** The revision that this plan belongs to; rows may only be ingested under the newest. */
  readonly revision: number;
  readonly program: SourceProgram;
  readonly views: readonly ViewProgram[];
  readonly rejectBatchAboveShare: number;
}

/** Request-time features, compiled over their inputs in order. */
export interface RequestProgram {
  readonly name: string;
  readonly version: number;
  readonly inputs: readonly Field[];
  readonly features: ReadonlyMap<string, { readonly type: ValueType; readonly evaluate: Evaluate }>;
}

/** One feature of a service: from a stored view, or from a request view. */
export type ServiceFeature =
  | {
      readonly kind: 'window' | 'latest';
      readonly name: string;
      readonly view: number;
      readonly index: number;
      readonly type: ValueType;
    }
  | {
      readonly kind: 'request';
      readonly name: string;
      readonly request: number;
      readonly evaluate: Evaluate;
      readonly type: ValueType;
    };

/** A feature service version compiled for reads and training sets. */
export interface ServicePlan {
  readonly name: string;
  readonly version: number;
  /** In the order of the served vector. */
  readonly features: readonly ServiceFeature[];
  readonly views: readonly ViewProgram[];
  readonly requests: readonly RequestProgram[];
}

/** A revision compiled: what every operation looks names up in. Immutable. */
export class Catalogue {
  readonly revision: Revision;
  readonly #sources = new Map<string, SourcePlan>();
  readonly #services = new Map<string, ServicePlan[]>();
  readonly #programs = new SourcePrograms();

  constructor(revision: Revision) {
    this.revision = revision;
    const { definitions, ledger } = revision;
    const views = lastOfEach(ledger.views, (version) => version.viewId).map(
      (version) => new ViewProgram(version, this.#programs.of(version.source)),
    );
    const requests = ledger.requestViews.map(compileRequestView);
    const live = new Set(definitions.featureViews.map((view) => view.name));
    for (const source of definitions.sources) {
      this.#sources.set(source.name, {
        revision: revision.revision,
        program: this.#programs.of(source),
        views: views.filter((view) => view.sourceName === source.name && live.has(view.name)),
        rejectBatchAboveShare: source.rejectBatchAboveShare,
      });
    }
    for (const version of ledger.services) {
      const plans = this.#services.get(version.service.name) ?? [];
      plans.push(compileService(version, views, requests));
      this.#services.set(version.service.name, plans);
    }
  }

  source(name: string): SourcePlan {
    const source = this.#sources.get(name);
    if (source !== undefined) return source;
    throw errors.SOURCE_NOT_FOUND(`no source "${name}" is defined`, { metadata: { source: name } });
  }

  /** A version of a feature service; 0 is the newest. */
  service(name: string, version: number): ServicePlan {
    const plans = this.#services.get(name) ?? [];
    const plan = version === 0 ? plans.at(-1) : plans.find((candidate) => candidate.version === version);
    if (plan !== undefined) return plan;
    const metadata = { feature_service: name, version: String(version) };
    throw errors.FEATURE_SERVICE_NOT_FOUND(`no feature service "${name}" of version ${version} is defined`, {
      metadata,
    });
  }
}

function compileRequestView({ view, version }: RequestViewVersion): RequestProgram {
  const columns = new Map(view.inputs.map((input) => [input.name, input.type]));
  const slots = new Map(view.inputs.map((input, slot) => [input.name, slot]));
  const features = view.features.map(({ name, expression, type }) => {
    const evaluate = compileExpression(parseTyped(expression, columns, type), (input) => slots.get(input)!);
    return [name, { type, evaluate }] as const;
  });
  return { name: view.name, version, inputs: view.inputs, features: new Map(features) };
}

function compileService(
  { service, version, views: pinned }: ServiceVersion,
  allViews: readonly ViewProgram[],
  allRequests: readonly RequestProgram[],
): ServicePlan {
  const isPinned = (item: { name: string; version: number }): boolean => pinned[item.name] === item.version;
  const views = allViews.filter(isPinned);
  const requests = lastOfEach(allRequests.filter(isPinned), (request) => request.name);
  const features = service.features.map((reference): ServiceFeature => {
    const { view: viewName, feature } = splitReference(reference)!;
    const view = views.findIndex((candidate) => candidate.name === viewName);
    const output = views[view]?.outputs.get(feature);
    if (output !== undefined) return { ...output, name: reference, view };
    const request = requests.findIndex((candidate) => candidate.name === viewName);
    const computed = requests[request]!.features.get(feature)!;
    return { kind: 'request', name: reference, request, ...computed };
  });
  return { name: service.name, version, features, views, requests };
}

/** The ledger repeats a version for every extension; the last is the widest. */
function lastOfEach<T>(items: readonly T[], identity: (item: T) => unknown): T[] {
  return [...new Map(items.map((item) => [identity(item), item])).values()];
}
