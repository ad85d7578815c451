import { within, type Database, type Queryable } from '@plumbline/sql';

/** What bounds the work for one call. */
export interface Call {
  readonly signal: AbortSignal;
  remainingMs(): number;
}

/** The database for one call: no query outlives the call's deadline or its caller. */
export function boundedBy(database: Database, call: Call): Queryable {
  return {
    query: (text, values, options) => database.query(text, values, { ...options, ...within(call) }),
  };
}
