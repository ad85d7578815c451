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

/** Works out a row's entities, or finds the fault that only a view can see. */
export function routeRow(source: SourcePlan, row: AdmittedRow): RoutedRow | Fault {
  const keys: (string | undefined)[] = [];
  for (const view of source.views) {
    const values = valuesFor(source, view, row.values);
    const fault = summationFault(view, values);
    if (fault !== undefined) return fault;
    keys.push(view.entityKeyOf(values));
  }
  return { row, keys };
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
