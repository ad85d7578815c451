import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { startNats, startPostgres, type LocalNats, type LocalPostgres } from '@plumbline/local';
import { ACCOUNTS, accountConfiguration } from './nats-accounts.ts';

export async function startTestPostgres(directory: string): Promise<LocalPostgres> {
  return startPostgres({ dataDirectory: join(directory, 'postgres'), port: 0, durable: false });
}

export async function startTestNats(directory: string): Promise<LocalNats> {
  const configuration = accountConfiguration(ACCOUNTS);
  const maxStoreBytes = 1024 ** 4; // streams reserve their limit, whatever they hold
  return startNats({
    storeDirectory: await mkdtemp(join(directory, 'nats-')),
    port: 0,
    configuration,
    maxStoreBytes,
  });
}
