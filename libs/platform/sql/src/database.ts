import pg from 'pg';
import type { Log } from '@plumbline/service';
import { connectionOptions } from './connection.ts';
import { errors } from './errors.ts';
import { bounded, within, type BoundedCall, type Bounds } from './bounded.ts';
import { isRetryable, translateError } from './translate-error.ts';
import { typeParsers } from './types.ts';

export interface QueryOptions extends Bounds {
  /** Prepares the statement once per connection under this name. Never reuse a name for another text. */
  readonly name?: string;
}

export interface Queryable {
  /** Rows as objects by column name. `values` fill $1, $2, …; bigint, Uint8Array and arrays are understood. */
  query<Row>(text: string, values?: readonly unknown[], options?: QueryOptions): Promise<Row[]>;
}

export interface Transaction extends Queryable {
  /** Where the transaction runs. */
  readonly database: Database;
  /** Runs `effect` once the transaction has committed, and never otherwise. It must not throw. */
  afterCommit(effect: () => void): void;
}

export interface TransactionOptions extends Bounds {
  /** Default `read committed`. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
  /** How often the transaction is run at most when it meets serialization failures or deadlocks. Default 4. */
  readonly attempts?: number;
}

export interface Database extends Queryable {
  readonly schema: string;
  /**
   * Runs `work` in one transaction, committed when it resolves and rolled back when it throws. On serialization
   * failures and deadlocks it is run again, so `work` must have no effect but its queries. When the connection
   * is lost during COMMIT the outcome is unknown and DATABASE_UNAVAILABLE is thrown: retry idempotently.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Resolves if the database answers within two seconds. */
  ready(): Promise<void>;
  /** Waits for borrowed connections, then ends all. Idempotent. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** The search_path, alone: unqualified names never reach another service's schema. */
  readonly schema: string;
  /** Connections at most. Default 10. */
  readonly poolSize?: number;
  /** Applies to every query without bounds of its own. Default 30 000 ms. */
  readonly defaultTimeoutMs?: number;
  readonly log: Log;
}

/** Opens a pool lazily: no connection is made, so a database that is away fails the first query, not this call. */
export function openDatabase(options: DatabaseOptions): Database {
  const { schema, log, poolSize = 10, defaultTimeoutMs = 30_000 } = options;
  const pool = new pg.Pool({
    ...connectionOptions(options.url, schema),
    types: typeParsers,
    max: poolSize,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  pool.on('error', (error) => log.warn({ error }, 'an idle database connection was lost'));
  // A borrowed connection has no listener of the pool's, and an unheard `error` event would end the process.
  pool.on('connect', (client) =>
    client.on('error', (error) => log.debug({ error }, 'a database connection was lost')),
  );
  let closing: Promise<void> | undefined;

  async function borrow<T>(bounds: Bounds, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    if (closing) throw errors.DATABASE_UNAVAILABLE('the database pool is closed');
    return bounded(pool, { ...bounds, timeoutMs: bounds.timeoutMs ?? defaultTimeoutMs }, use);
  }

  async function attempt<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions): Promise<T> {
    return borrow(options, async (client) => {
      await client.query(begin(options));
      const effects: (() => void)[] = [];
      try {
        const afterCommit = (effect: () => void) => void effects.push(effect);
        const result = await work({ ...queryable(client), database, afterCommit });
        await commit(client);
        for (const effect of effects) effect();
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((cause: unknown) => {
          log.warn({ error: cause }, 'a transaction could not be rolled back; its connection is dropped');
        });
        throw error;
      }
    });
  }

  const database: Database = {
    schema,
    query: (text, values, queryOptions = {}) =>
      borrow(queryOptions, (client) => queryable(client).query(text, values, queryOptions)),
    async transaction(work, transactionOptions = {}) {
      const { attempts = 4 } = transactionOptions;
      for (let left = attempts - 1; ; left--) {
        try {
          return await attempt(work, transactionOptions);
        } catch (error) {
          if (!isRetryable(error)) throw error;
          if (left <= 0) throw errors.DATABASE_CONFLICT('concurrent transactions conflict', { cause: error });
        }
      }
    },
    async ready() {
      await borrow({ timeoutMs: 2_000 }, (client) => client.query('SELECT 1'));
    },
    close: () => (closing ??= pool.end()),
  };
  return database;
}

function queryable(client: pg.PoolClient): Queryable {
  return {
    async query<Row>(text: string, values: readonly unknown[] = [], { name }: QueryOptions = {}) {
      try {
        const config = { text, values: [...values], ...(name === undefined ? {} : { name }) };
        const result = await client.query<Row & pg.QueryResultRow>(config);
        return (result.rows ?? []) as Row[];
      } catch (error) {
        throw translateError(error);
      }
    },
  };
}

/** Postgres answers COMMIT with ROLLBACK when a statement failed and `work` swallowed the error. */
async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('COMMIT');
  if (command === 'COMMIT') return;
  throw new Error('the transaction was rolled back: one of its statements failed and the error was ignored');
}

function begin({ isolation, readOnly }: TransactionOptions): string {
  const level = isolation ? ` ISOLATION LEVEL ${isolation.toUpperCase()}` : '';
  return `BEGIN${level}${readOnly ? ' READ ONLY' : ''}`;
}

/** The database for one call: no query outlives the call's deadline or its caller. */
export function boundedBy(database: Database, call: BoundedCall): Queryable {
  return {
    query: (text, values, options) => database.query(text, values, { ...options, ...within(call) }),
  };
}
