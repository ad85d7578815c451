import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Health, HealthCheckResponse_ServingStatus } from '@plumbline/contract-grpc';
import { RegistryService } from '@plumbline/contract-registry';
import { createChannel, createClient } from '@plumbline/rpc';
import { openDatabase, type Database } from '@plumbline/sql';
import { eventually, silentLog } from '@plumbline/testing';
import { registerVersion, startRegistry, type Harness } from './harness.ts';

let harness: Harness;
let admin: Database;
beforeAll(async () => {
  harness = await startRegistry();
  admin = openDatabase({ url: harness.testDatabase.adminUrl, schema: 'public', poolSize: 1, log: silentLog });
  await harness.as('operator').registry.createModel({ model: 'flights' });
});
afterAll(async () => {
  await admin.close();
  await harness.close();
});

/** To the registry's role the server looks stopped: no new connections, and those it has end. */
async function stopDatabase(): Promise<void> {
  await admin.query(
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 0', current_database()); END $$`,
  );
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
}
const resumeDatabase = () =>
  admin.query(
    `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT -1', current_database()); END $$`,
  );

describe('without its database', () => {
  it('answers UNAVAILABLE, and goes on where it was once the database is back', async () => {
    const { registry } = harness.as('operator');
    const { digest } = await registerVersion(harness, 'flights', 'before');
    const get = () => registry.getVersion({ model: 'flights', which: { case: 'digest', value: digest } });
    await stopDatabase();
    await expect(get()).rejects.toMatchObject({ codeName: 'UNAVAILABLE', reason: 'DATABASE_UNAVAILABLE' });
    await resumeDatabase();
    const { version } = await eventually(get);
    expect(version?.digest).toBe(digest);
    expect((await registerVersion(harness, 'flights', 'after')).number).toBe(2);
  });

  it('says NOT_SERVING to health checks, and SERVING once the database is back', async () => {
    const channel = createChannel(harness.address);
    const health = createClient(Health, channel);
    const says = async () => {
      const { status } = await health.check({ service: RegistryService.typeName });
      return HealthCheckResponse_ServingStatus[status];
    };
    await eventually(async () => (await says()) === 'SERVING');
    await stopDatabase();
    await eventually(async () => (await says()) === 'NOT_SERVING');
    await resumeDatabase();
    await eventually(async () => (await says()) === 'SERVING');
    channel.close();
  });
});
