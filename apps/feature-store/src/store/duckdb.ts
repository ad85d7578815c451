import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** An in-memory DuckDB with bounded memory and threads, and a folder for what it spills or writes. */
export interface Duck {
  readonly directory: string;
  /** Runs `work` on a connection of its own: a result that is still streamed ends with its connection's next query. */
  use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /** A connection that the caller closes. */
  connect(): Promise<DuckDBConnection>;
  close(): Promise<void>;
}

export interface DuckOptions {
  readonly memoryLimitMb: number;
  readonly threads: number;
}

export async function openDuck({ memoryLimitMb, threads }: DuckOptions): Promise<Duck> {
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-features-'));
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryLimitMb}MB`,
    threads: String(threads),
    temp_directory: join(directory, 'spill'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  return {
    directory,
    connect: () => instance.connect(),
    async use(work) {
      const connection = await instance.connect();
      try {
        return await work(connection);
      } finally {
        connection.closeSync();
      }
    },
    async close() {
      instance.closeSync();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A DuckDB that is opened when first needed. */
export interface SharedDuck {
  get(): Promise<Duck>;
  close(): Promise<void>;
}

export function sharedDuck(options: DuckOptions): SharedDuck {
  let opened: Promise<Duck> | undefined;
  return {
    get: () => (opened ??= openDuck(options)),
    close: async () => (await opened)?.close(),
  };
}
