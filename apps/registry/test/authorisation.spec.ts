import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DeadLetterService } from '@plumbline/contract-events';
import { RegistryService, TenantService, TrafficService } from '@plumbline/contract-registry';
import { createChannel, createClient, rawUnary, serviceToken, type Channel } from '@plumbline/rpc';
import { isPermitted } from '../src/domain/permissions.ts';
import { startRegistry, type Harness } from './harness.ts';

let harness: Harness;
const channels: Channel[] = [];
beforeAll(async () => {
  harness = await startRegistry();
});
afterAll(async () => {
  for (const channel of channels) channel.close();
  await harness.close();
});

const METHODS = [RegistryService, TenantService, TrafficService, DeadLetterService].flatMap((service) =>
  service.methods.map(({ name }) => `${service.typeName}/${name}`),
);

function channelAs(metadata: Record<string, string>): Channel {
  const channel = createChannel(harness.address, { metadata: () => metadata });
  channels.push(channel);
  return channel;
}
const trainer = (more: Record<string, string> = {}) =>
  channelAs({
    authorization: serviceToken('trainer', 'test-secret'),
    'plumbline-tenant': 'acme',
    ...more,
  });
const reasonOf = (channel: Channel, method: string) =>
  rawUnary(channel, method, new Uint8Array(), { timeoutMs: 5_000 }).then(
    () => 'OK',
    (error: { reason: string }) => error.reason,
  );

describe('authorisation', () => {
  it.each(METHODS)('decides over the trainer for %s', async (method) => {
    const refused = (await reasonOf(trainer(), method)) === 'CALLER_NOT_PERMITTED';
    expect(refused).toBe(!isPermitted(method, 'trainer'));
  });

  it('goes by the service that vouches, not by whom it claims to act for', async () => {
    const posing = trainer({ 'plumbline-caller': 'service:operator' });
    expect(await reasonOf(posing, 'plumbline.registry.v1.RegistryService/MoveAlias')).toBe(
      'CALLER_NOT_PERMITTED',
    );
  });

  it('refuses callers without a token, or with a forged one', async () => {
    const method = 'plumbline.registry.v1.TrafficService/GetTrafficSnapshot';
    const forged = serviceToken('gateway', 'another secret');
    expect(await reasonOf(channelAs({}), method)).toBe('CREDENTIALS_MISSING');
    expect(await reasonOf(channelAs({ authorization: forged }), method)).toBe('CREDENTIALS_INVALID');
  });

  it('names the tenant that a call lacks', async () => {
    const { registry } = harness.as('operator', { 'plumbline-tenant': '' });
    await expect(registry.createModel({ model: 'm' })).rejects.toMatchObject({ reason: 'TENANT_REQUIRED' });
    const stranger = harness.as('operator', { 'plumbline-tenant': 'nobody' });
    await expect(stranger.registry.createModel({ model: 'm' })).rejects.toMatchObject({
      codeName: 'NOT_FOUND',
      reason: 'TENANT_NOT_FOUND',
    });
  });
});

describe('API keys', () => {
  it('are shown once, published as a hash, listed, and gone from the snapshot when revoked', async () => {
    const { tenants } = harness.as('operator');
    const { traffic } = harness.as('gateway');
    const created = await tenants.createApiKey({ tenant: 'acme', name: 'dev', scopes: ['predict', 'as-of'] });
    expect(created.secret).toMatch(/^plk_[A-Za-z0-9_-]{43}$/);
    const { snapshot } = await traffic.getTrafficSnapshot({});
    const published = snapshot?.apiKeys.find(({ keyId }) => keyId === created.keyId);
    const hash = await crypto.subtle.digest('SHA-256', Buffer.from(created.secret));
    expect(Buffer.from(published?.secretSha256 ?? [])).toEqual(Buffer.from(hash));
    expect(published).toMatchObject({ tenant: 'acme', name: 'dev', scopes: ['as-of', 'predict'] });
    const stored = await harness.database.query<{ found: boolean }>(
      `SELECT bool_or(to_jsonb(k)::text LIKE '%' || $1 || '%') AS found FROM api_keys k`,
      [created.secret],
    );
    expect(stored).toEqual([{ found: false }]);

    const { epoch } = await tenants.revokeApiKey({ keyId: created.keyId });
    expect(epoch).toBeGreaterThan(created.epoch);
    expect((await tenants.revokeApiKey({ keyId: created.keyId })).epoch).toBe(epoch);
    expect((await traffic.getTrafficSnapshot({})).snapshot?.apiKeys).toEqual([]);
    const { apiKeys } = await tenants.listApiKeys({});
    expect(apiKeys).toMatchObject([{ keyId: created.keyId, revokedAtUs: harness.clock.nowUs() }]);
  });

  it.each(['Überwachung', 'night shift (100 %)', '夜'.repeat(64)])('may be called %s', async (name) => {
    const { tenants } = harness.as('operator');
    const { keyId } = await tenants.createApiKey({ tenant: 'acme', name });
    const { apiKeys } = await tenants.listApiKeys({});
    expect(apiKeys.find((key) => key.keyId === keyId)?.name).toBe(name);
    await tenants.revokeApiKey({ keyId });
  });

  it.each(['', ' dev', 'dev ', 'a\nb', 'a\u0000b', 'a\u202eb', 'x'.repeat(65)])(
    'may not be called %j',
    async (name) => {
      const { tenants } = harness.as('operator');
      await expect(tenants.createApiKey({ tenant: 'acme', name })).rejects.toMatchObject({
        codeName: 'INVALID_ARGUMENT',
        reason: 'REQUEST_INVALID',
        fieldViolations: [{ field: 'name' }],
      });
    },
  );

  it('belong to one tenant', async () => {
    const { tenants } = harness.as('operator');
    await expect(tenants.createApiKey({ tenant: 'nobody', name: 'x' })).rejects.toMatchObject({
      reason: 'TENANT_NOT_FOUND',
    });
    const { keyId } = await tenants.createApiKey({ tenant: 'acme', name: 'x' });
    await tenants.createTenant({ tenant: 'other' });
    const other = createClient(
      TenantService,
      channelAs({ authorization: serviceToken('operator', 'test-secret'), 'plumbline-tenant': 'other' }),
    );
    await expect(other.revokeApiKey({ keyId })).rejects.toMatchObject({ reason: 'API_KEY_NOT_FOUND' });
    expect((await other.listApiKeys({})).apiKeys).toEqual([]);
  });
});
