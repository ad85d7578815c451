import type { Micros } from '@plumbline/features';
import type { SourcePlan } from './catalogue.ts';
import { draftEntities, finishDrafts, touchedTiles } from './entity-drafts.ts';
import { resolveVersions, type Resolution } from './resolve-versions.ts';
import type { RoutedRow } from './route-rows.ts';
import { entityId, type CommitStore, type EntityRef, type OnlineChanges } from './row-store.ts';

/** What a commit of rows amounts to, ready to be written in the same transaction. */
export interface RowCommit {
  readonly resolution: Resolution;
  readonly online: OnlineChanges;
}

/**
 * Works out the commit of routed rows: locks their entities, numbers the rows, resolves corrections and repetitions
 * and brings the online tiles up to date. The order of steps is the guarantee: sequences are taken under the locks,
 * so that (instant, sequence) of an entity names one state of it for ever.
 */
export async function commitRows(
  store: CommitStore,
  source: SourcePlan,
  rows: readonly RoutedRow[],
  nowUs: Micros,
): Promise<RowCommit> {
  const states = await store.lockEntities(entitiesOf(source, rows));
  const rowKeys = [...new Set(rows.map(({ row }) => row.rowKey))];
  const { commit, priors } = await store.survey(source, rowKeys);
  const resolution = resolveVersions(source, rows, priors, commit);
  const drafts = draftEntities(source, resolution, states, nowUs);
  const stored = await store.readTiles(touchedTiles(drafts));
  return { resolution, online: finishDrafts(source, drafts, stored) };
}

function entitiesOf(source: SourcePlan, rows: readonly RoutedRow[]): EntityRef[] {
  const refs = new Map<string, EntityRef>();
  source.views.forEach((view, index) => {
    for (const { keys } of rows) {
      const key = keys[index];
      if (key === undefined) continue;
      const ref = { viewId: view.id, key };
      refs.set(entityId(ref), ref);
    }
  });
  return [...refs.values()];
}
