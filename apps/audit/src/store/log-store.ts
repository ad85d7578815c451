import type { Database, Queryable } from '@plumbline/sql';
import { type LogStore } from '../domain/appender.ts';
import { logTables } from './log-tables.ts';

export function createLogStore(database: Database): LogStore {
  return {
    transaction: (work, timeoutMs) => database.transaction((tx) => work(logTables(tx)), { timeoutMs }),
  };
}

/** Number of committed leaves. */
export async function committedSize(database: Queryable): Promise<bigint> {
  const [row] = await database.query<{ next_index: bigint }>('SELECT next_index FROM log_head');
  return row?.next_index ?? 0n;
}
