import type { FieldReader } from '@plumbline/wire';

export type Visit = (reader: FieldReader) => void;

/** Visits the fields of a message by their numbers, and passes over the others. */
export function walk(reader: FieldReader, visits: Readonly<Record<number, Visit>>): void {
  while (reader.next()) {
    const visit = visits[reader.field];
    if (visit === undefined) reader.skip();
    else visit(reader);
  }
}
