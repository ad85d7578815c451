import { FIRST_REVISION, type Revision } from './catalogue.ts';
import { checkChange } from './check-change.ts';
import { checkDefinitions } from './check-definitions.ts';
import type { Definitions } from './definitions.ts';
import { errors } from './errors.ts';
import { planRevision, type DefinitionChange, type VersionLedger } from './plan-revision.ts';

export interface DefinitionStore {
  /** The newest revision of a tenant; undefined before the first. */
  current(tenant: string): Promise<Revision | undefined>;
  /** Which of these sources have rows in history. */
  sourcesWithRows(tenant: string, sources: readonly string[]): Promise<string[]>;
  /**
   * Records revision `after + 1` with its versions and announces it, all in one transaction that waits for ingests
   * in flight: `filled` names a source of `emptySources` that has rows after all, and nothing is recorded.
   */
  append(
    tenant: string,
    revision: NewRevision,
  ): Promise<'appended' | 'conflict' | { readonly filled: string }>;
}

export interface NewRevision {
  readonly after: number;
  readonly definitions: Definitions;
  readonly versions: VersionLedger;
  /** Sources that may have no rows yet. */
  readonly emptySources: readonly string[];
  readonly actor: string;
}

export interface ApplyRequest {
  readonly definitions: Definitions;
  /** The revision that the caller saw. */
  readonly expectedRevision: number;
  readonly dryRun: boolean;
  readonly actor: string;
}

export interface Applied {
  readonly revision: number;
  readonly changes: readonly DefinitionChange[];
}

/** Puts definitions in force as a whole, or says why not. Equal definitions change nothing and make no revision. */
export async function applyDefinitions(
  store: DefinitionStore,
  tenant: string,
  request: ApplyRequest,
): Promise<Applied> {
  const current = (await store.current(tenant)) ?? FIRST_REVISION;
  const { definitions } = request;
  const violations = checkDefinitions(definitions);
  if (violations.length === 0) violations.push(...checkChange(current.definitions, definitions));
  if (violations.length > 0) {
    throw errors.DEFINITION_INVALID(
      `${violations.length} faults, first ${violations[0]!.field}: ${violations[0]!.description}`,
      { fieldViolations: violations },
    );
  }
  if (JSON.stringify(definitions) === JSON.stringify(current.definitions)) {
    return { revision: current.revision, changes: [] };
  }
  if (request.expectedRevision !== current.revision)
    throw conflict(request.expectedRevision, current.revision);
  const plan = planRevision(current.definitions, current.ledger, definitions);
  if (request.dryRun) {
    const [filled] = await store.sourcesWithRows(tenant, plan.newViewSources);
    if (filled !== undefined) throw backfillNeeded(filled);
    return { revision: current.revision, changes: plan.changes };
  }
  const outcome = await store.append(tenant, {
    after: current.revision,
    definitions,
    versions: plan.versions,
    emptySources: plan.newViewSources,
    actor: request.actor,
  });
  if (outcome === 'conflict') throw conflict(request.expectedRevision, current.revision + 1);
  if (outcome !== 'appended') throw backfillNeeded(outcome.filled);
  return { revision: current.revision + 1, changes: plan.changes };
}

function backfillNeeded(source: string): Error {
  return errors.BACKFILL_NEEDED(`source ${source} has rows that a new view version would lack`, {
    metadata: { source },
  });
}

function conflict(expected: number, actual: number): Error {
  return errors.REVISION_CONFLICT(`revision ${actual} is in force, not ${expected}`, {
    metadata: { expected_revision: String(expected), current_revision: String(actual) },
  });
}
