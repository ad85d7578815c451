import type { Value } from '@plumbline/expressions';
import { Fault, isSummable, type AdmittedRow } from '@plumbline/features';
import type { SourcePlan } from './catalogue.ts';
import type { ViewProgram } from './view-program.ts';

/** A row with what every view of its source makes of it. */
export interface RoutedRow {
  readonly row: AdmittedRow;
  /** Per view: the entity, undefined when a join key is NULL. */
  readonly keys: readonly (string | undefined)[];
  /** Per view: the row as that view's source version sees it. */
  readonly values: readonly (readonly Value[])[];
}

/** Works out a row's entities, or finds the fault that only a view can see. */
export function routeRow(source: SourcePlan, row: AdmittedRow): RoutedRow | Fault {
  const values = source.views.map((view) => valuesFor(source, view, row.values));
  for (let i = 0; i < source.views.length; i++) {
    const fault = summationFault(source.views[i]!, values[i]!);
    if (fault !== undefined) return fault;
  }
  return { row, values, keys: source.views.map((view, index) => view.entityKeyOf(values[index]!)) };
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
