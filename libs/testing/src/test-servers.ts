import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalNats, LocalPostgres } from '@plumbline/local';
import { ACCOUNTS, accountUrl } from './nats-accounts.ts';

/** The Postgres and the nats-servers of a test run. */
export interface TestServers {
  /** Holds the run's files and `socket`, where workers ask for servers. */
  readonly directory: string;
  close(): Promise<void>;
}

/**
 * Listens on a Unix socket for `GET /postgres` and `GET /nats`, starts the server on first use and answers its URL.
 * The servers are children of this process, so they end with the run whatever happens to a worker.
 */
export async function openTestServers(): Promise<TestServers> {
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-test-'));
  await chmod(directory, 0o755); // Postgres runs as another user
  let postgres: Promise<LocalPostgres> | undefined;
  const nats: Promise<LocalNats>[] = [];
  let accounts = 0;
  const answers: Record<string, () => Promise<string>> = {
    '/postgres': async () => (await (postgres ??= startPostgres(directory))).url,
    '/nats': async () => {
      const index = accounts++;
      const broker = (nats[Math.floor(index / ACCOUNTS)] ??= startNats(directory));
      return accountUrl((await broker).url, index % ACCOUNTS);
    },
  };
  const server = createServer((request, response) => {
    void answer(answers[request.url ?? ''], response);
  });
  await new Promise<void>((resolve) => server.listen(join(directory, 'socket'), resolve));
  server.unref();
  return {
    directory,
    async close() {
      server.closeAllConnections();
      server.close();
      await Promise.all([postgres, ...nats].map(stop));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Whoever asked for a server that failed to start was told so then. */
async function stop(starting: Promise<LocalPostgres | LocalNats> | undefined): Promise<void> {
  const server = await starting?.catch(() => undefined);
  await server?.close();
}

// Starters are loaded when a server is first asked for, so that runs of pure specs stay quick.
async function startPostgres(directory: string): Promise<LocalPostgres> {
  const { startTestPostgres } = await import('./start-test-servers.ts');
  return startTestPostgres(directory);
}

async function startNats(directory: string): Promise<LocalNats> {
  const { startTestNats } = await import('./start-test-servers.ts');
  return startTestNats(directory);
}

async function answer(find: (() => Promise<string>) | undefined, response: ServerResponse): Promise<void> {
  try {
    if (!find) throw new Error('unknown server');
    response.end(await find());
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}
