import type { FieldViolation } from '@plumbline/errors';
import type { Definitions, SourceDefinition } from './definitions.ts';

/**
 * What may not change once it is in force: the columns a source's stored rows have, their types, what identifies a
 * row and when it counts. Anything else of a source may; a source with another meaning needs another name.
 */
export function checkChange(current: Definitions, wanted: Definitions): FieldViolation[] {
  return current.sources.flatMap((before) => {
    const after = wanted.sources.find((source) => source.name === before.name);
    if (after !== undefined) return checkSourceChange(before, after);
    return [{ field: `sources.${before.name}`, description: 'a source stays declared: its history is kept' }];
  });
}

function checkSourceChange(before: SourceDefinition, after: SourceDefinition): FieldViolation[] {
  const path = `sources.${before.name}`;
  const violations: FieldViolation[] = [];
  before.columns.forEach((column, index) => {
    const now = after.columns[index];
    if (now?.name !== column.name || now.type !== column.type) {
      const description = 'columns in force keep place, name and type; add new ones at the end';
      violations.push({ field: `${path}.columns.${column.name}`, description });
    }
  });
  const fixed = ['rowKey', 'eventTime', 'knownAt'] as const;
  for (const key of fixed) {
    if (JSON.stringify(before[key]) !== JSON.stringify(after[key])) {
      violations.push({ field: `${path}.${key}`, description: 'cannot change; declare a new source' });
    }
  }
  return violations;
}
