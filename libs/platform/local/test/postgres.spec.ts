import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '@plumbline/sql';
import { silentLog, temporaryDirectory } from '@plumbline/testing';
import { provisionDatabase, startPostgres, type LocalPostgres } from '../src/index.ts';
import { installedPostgres } from '../src/postgres-binaries.ts';

const running: LocalPostgres[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function start(
  dataDirectory: string,
  options: { port?: number; binaries?: string } = {},
): Promise<LocalPostgres> {
  const server = await startPostgres({ dataDirectory, port: 0, durable: false, ...options });
  running.push(server);
  return server;
}

async function query<Row>(url: string, text: string, schema = 'public'): Promise<Row[]> {
  const database = openDatabase({ url, schema, log: silentLog });
  try {
    return await database.query<Row>(text);
  } finally {
    await database.close();
  }
}

describe('startPostgres', () => {
  it('finds its data again after a restart', async () => {
    const dataDirectory = join(await temporaryDirectory(), 'postgres');
    const first = await start(dataDirectory);
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.close();
    const second = await start(dataDirectory, { port: first.port });
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT * FROM kept')).toEqual([{ one: 1 }]);
  });

  it('works from a checkout, and for data, below a folder that only its owner may enter', async () => {
    const hidden = join(await temporaryDirectory(), 'home');
    const checkout = join(hidden, 'checkout');
    await mkdir(checkout, { recursive: true });
    const installed = await installedPostgres();
    await cp(installed, join(checkout, 'native'), { recursive: true, verbatimSymlinks: true });
    await cp(join(dirname(installed), 'package.json'), join(checkout, 'package.json'));
    await chmod(hidden, 0o700);
    const server = await start(join(checkout, 'data'), { binaries: join(checkout, 'native') });
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.close();
    if (server.dataDirectory.startsWith(hidden)) return;
    expect(dirname(server.dataDirectory)).toBe('/var/lib/plumbline');
    await rm(server.dataDirectory, { recursive: true });
    await rm(server.logFile);
  });

  it('says which port is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    const dataDirectory = join(await temporaryDirectory(), 'postgres');
    await expect(start(dataDirectory, { port })).rejects.toMatchObject({
      reason: 'PORT_TAKEN',
      message: expect.stringContaining(`Port ${port}, needed for the embedded Postgres`),
    });
    squatter.close();
  });

  it('refuses data that another living process serves', async () => {
    const dataDirectory = join(await temporaryDirectory(), 'postgres');
    await start(dataDirectory);
    await expect(start(dataDirectory)).rejects.toMatchObject({ reason: 'ALREADY_RUNNING' });
  });

  it('takes over from an owner that was killed', async () => {
    const dataDirectory = join(await temporaryDirectory(), 'postgres');
    const script = fileURLToPath(new URL('owner.ts', import.meta.url));
    const owner = spawn(process.execPath, [script, dataDirectory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [url] = (await once(owner.stdout, 'data')) as [Buffer];
    expect(await query(String(url).trim(), 'CREATE TABLE kept AS SELECT 1 AS one')).toEqual([]);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const server = await start(dataDirectory);
    expect(await query(server.url, 'SELECT * FROM kept')).toEqual([{ one: 1 }]);
  });

  it('tells what the log says when it cannot start', async () => {
    const dataDirectory = join(await temporaryDirectory(), 'postgres');
    const nonsense = { dataDirectory, port: 0, durable: false, settings: { shared_buffers: 'much' } };
    await expect(startPostgres(nonsense)).rejects.toMatchObject({
      reason: 'POSTGRES_FAILED',
      message: expect.stringContaining('shared_buffers'),
    });
  });
});

describe('provisionDatabase', () => {
  it('gives each service a role that reaches its own schema only, and the same again when repeated', async () => {
    const server = await start(join(await temporaryDirectory(), 'postgres'));
    const provision = (service: string) => provisionDatabase(server.url, { service, log: silentLog });
    const registry = await provision('registry');
    const store = await provision('feature-store');
    expect(await provision('registry')).toEqual(registry);
    expect(store).toMatchObject({ schema: 'feature_store', role: 'postgres_feature_store' });
    await query(registry.url, 'CREATE TABLE model AS SELECT 1 AS id', 'registry');
    await expect(query(store.url, 'SELECT * FROM registry.model')).rejects.toMatchObject({ code: '42501' });
    await expect(query(store.url, 'CREATE SCHEMA mine')).rejects.toMatchObject({ code: '42501' });
  });

  it('says what is missing when the user may not create roles', async () => {
    const server = await start(join(await temporaryDirectory(), 'postgres'));
    const { url } = await provisionDatabase(server.url, { service: 'registry', log: silentLog });
    await expect(provisionDatabase(url, { service: 'audit', log: silentLog })).rejects.toMatchObject({
      reason: 'ROLE_REFUSED',
      message: expect.stringContaining('may not create role'),
    });
  });
});
