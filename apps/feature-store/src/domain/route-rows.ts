import type { Value } from '@plumbline/expressions';
import { Fault, isSummable, type AdmittedRow } from '@plumbline/features';
import type { SourcePlan } from './catalogue.ts';
import type { ViewProgram } from './view-program.ts';

/** A row with the entities that it belongs to. */
export interface RoutedRow {
  readonly row: AdmittedRow;
  /** Per view: the entity, undefined when a join key is NULL. */
  readonly keys: readonly (string | undefined)[];
}

/** An index entry of Postgres takes about 2,700 bytes, which tenant and source share with a key. */
const MAX_KEY_BYTES = 1_024;

/** Works out a row's entities, or finds the fault that only a view can see. */
export function routeRow(source: SourcePlan, row: AdmittedRow): RoutedRow | Fault {
  if (isTooLong(row.rowKey)) return new Fault('KEY_TOO_LONG', `the row key exceeds ${MAX_KEY_BYTES} bytes`);
  const keys: (string | undefined)[] = [];
  for (const view of source.views) {
    const values = valuesFor(source, view, row.values);
    const fault = summationFault(view, values);
    if (fault !== undefined) return fault;
    const key = view.entityKeyOf(values);
    if (key !== undefined && isTooLong(key)) {
      return new Fault('KEY_TOO_LONG', `the entity key of view ${view.name} exceeds ${MAX_KEY_BYTES} bytes`);
    }
    keys.push(key);
  }
  return { row, keys };
}

/** A UTF-16 unit becomes at most three bytes of UTF-8. */
function isTooLong(key: string): boolean {
  return 3 * key.length > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES;
}

/** A row of the source as one view's source version sees it: raw columns are shared, derived ones may differ. */
export function valuesFor(source: SourcePlan, view: ViewProgram, row: readonly Value[]): readonly Value[] {
  if (view.source === source.program) return row;
  return view.source.derive(row.slice(0, view.source.rawCount));
}

function summationFault(view: ViewProgram, values: readonly Value[]): Fault | undefined {
  for (const measure of view.plan?.measures ?? []) {
    const value = values[view.source.slotOf(measure.column)];
    if (measure.scale !== 1 && typeof value === 'number' && !isSummable(measure, value)) {
      return new Fault('VALUE_OUT_OF_RANGE', `column ${measure.column} is too large for exact sums`);
    }
  }
  return undefined;
}
