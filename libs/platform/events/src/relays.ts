import type { Database } from '@plumbline/sql';

/** Something that wants to know when events were committed to a database's outbox by this process. */
export interface Kickable {
  kick(): void;
}

const relays = new WeakMap<Database, Set<Kickable>>();

export function relaysOf(database: Database): ReadonlySet<Kickable> {
  return relays.get(database) ?? new Set();
}

export function addRelay(database: Database, relay: Kickable): void {
  const all = relays.get(database) ?? new Set();
  relays.set(database, all.add(relay));
}

export function removeRelay(database: Database, relay: Kickable): void {
  relays.get(database)?.delete(relay);
}
