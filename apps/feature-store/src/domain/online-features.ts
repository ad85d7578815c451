import {
  decodeLatest,
  decodeTiles,
  latestAt,
  tileStartOf,
  type Micros,
  type StoredTile,
} from '@plumbline/features';
import type { ServicePlan } from './catalogue.ts';
import { entityKey, requestFeature, requestRows, type EntityRequest } from './entity-request.ts';
import { errors } from './errors.ts';
import { featureValue, NEVER_SEEN, type EntityAnswer, type FeatureValue } from './feature-value.ts';
import type { EntityRef, EntityState } from './row-store.ts';
import type { ViewProgram } from './view-program.ts';
import type { Caller } from './waiting-line.ts';

/** An entity asked for, with the starts of the oldest and newest tile that its windows reach. */
export interface OnlineRef extends EntityRef {
  readonly firstTile: Micros;
  readonly lastTile: Micros;
}

export interface OnlineEntity {
  readonly state: EntityState;
  /** Ascending by start. */
  readonly tiles: readonly StoredTile[];
}

export interface OnlineStore {
  /**
   * Reads entities in one consistent snapshot each, in the order asked; undefined: never seen. Throws READS_OVERLOADED,
   * and the reason of the caller's signal when that aborts while the read waits.
   */
  read(tenant: string, refs: readonly OnlineRef[], caller: Caller): Promise<(OnlineEntity | undefined)[]>;
}

/** What a view's row was when it was read: with the instant, enough to recompute its values from history. */
export interface ViewProvenance {
  readonly view: string;
  readonly version: number;
  readonly sequence: number;
  readonly knownAt: Micros;
}

/** One served vector, values in the order of the service's features. */
export interface FeatureVector {
  readonly values: readonly FeatureValue[];
  readonly at: Micros;
  readonly views: readonly ViewProvenance[];
}

const MAX_ENTITIES = 1_000;

/** The features of a service for some entities, each as of its own instant, against what is online now. */
export async function readOnlineFeatures(
  store: OnlineStore,
  tenant: string,
  plan: ServicePlan,
  requests: readonly EntityRequest[],
  caller: Caller,
): Promise<FeatureVector[]> {
  if (requests.length === 0 || requests.length > MAX_ENTITIES) {
    throw errors.ENTITIES_INVALID(`1 to ${MAX_ENTITIES} entities may be asked for, not ${requests.length}`);
  }
  const refs = requests.flatMap((request) => plan.views.map((view) => onlineRef(view, request)));
  const rows = requests.map((request) => requestRows(plan, request));
  const entities = refs.length === 0 ? [] : await store.read(tenant, refs, caller);
  return requests.map((request, index) => {
    const answers = plan.views.map((view, place) =>
      answerOnline(view, entities[index * plan.views.length + place], request.at),
    );
    return assembleVector(plan, answers, rows[index]!, request.at);
  });
}

/** Puts a vector together from what each view answered and from the request's own values. */
export function assembleVector(
  plan: ServicePlan,
  answers: readonly EntityAnswer[],
  rows: ReturnType<typeof requestRows>,
  at: Micros,
): FeatureVector {
  return {
    values: plan.features.map((feature) =>
      feature.kind === 'request'
        ? requestFeature(feature, rows)
        : featureValue(feature, answers[feature.view]!, at, plan.views[feature.view]!.ttlUs),
    ),
    at,
    views: plan.views.map((view, index) => ({
      view: view.name,
      version: view.version,
      sequence: answers[index]!.sequence,
      knownAt: answers[index]!.knownAt,
    })),
  };
}

function onlineRef(view: ViewProgram, request: EntityRequest): OnlineRef {
  const key = entityKey(view, request);
  const { plan } = view;
  if (plan === undefined) return { viewId: view.id, key, firstTile: 0, lastTile: -1 };
  return {
    viewId: view.id,
    key,
    firstTile: tileStartOf(request.at - plan.windowsUs.at(-1)!, plan.tileUs),
    lastTile: tileStartOf(request.at, plan.tileUs),
  };
}

function answerOnline(view: ViewProgram, entity: OnlineEntity | undefined, at: Micros): EntityAnswer {
  if (entity === undefined) return NEVER_SEEN;
  const { state, tiles } = entity;
  const { sequence } = state;
  if (state.firstSeen > at) return { ...NEVER_SEEN, sequence };
  const latest =
    view.latestTypes.length === 0 ? 'none' : latestAt(decodeLatest(view.latestTypes, state.latest), at);
  if (latest === 'unknown') throw tooOld(view, at);
  const knownLatest = latest === 'none' ? 0 : latest.known;
  if (view.plan === undefined) return { isSeen: true, windows: [], latest, knownAt: knownLatest, sequence };
  if (state.retainedFrom > at - view.plan.windowsUs.at(-1)!) throw tooOld(view, at);
  const { values, newest } = view.fold(decodeTiles(view.plan, tiles, at), 0, tiles.length, at);
  const knownAt = Math.max(knownLatest, newest, 0);
  return { isSeen: true, windows: Array.from(values), latest, knownAt, sequence };
}

function tooOld(view: ViewProgram, at: Micros): Error {
  return errors.AS_OF_TOO_OLD(`view ${view.name} no longer keeps ${at} µs online`, {
    metadata: { view: view.name, as_of_us: String(at) },
  });
}
