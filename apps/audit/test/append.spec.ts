import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordKind } from '@plumbline/contract-audit';
import { hasReason } from '@plumbline/errors';
import { startAudit, surroundings, type RunningAudit, type Surroundings } from './audit.fixture.ts';
import { appendRequest, mintId } from './records.fixture.ts';

let around: Surroundings;
let audit: RunningAudit;

beforeAll(async () => {
  around = await surroundings();
  audit = await startAudit(around);
});
afterAll(async () => {
  await audit?.stop();
  await around?.database.close();
});

describe('Append', () => {
  it('records a prediction that can be read back as it was sent', async () => {
    const client = audit.clientOf('reading');
    const eventId = mintId();
    const request = appendRequest({ tenant: 'reading', eventId });
    expect((await client.append(request)).existing).toBeUndefined();
    const { record } = await client.getRecord({ eventId });
    expect(record).toMatchObject({ eventId, kind: RecordKind.PREDICTION });
    expect(Buffer.from(record!.commitment)).toEqual(Buffer.from(request.commitment));
    expect(Buffer.from(record!.payload)).toEqual(Buffer.from(request.payload));
  });

  it('answers a repetition with what was recorded, and adds nothing', async () => {
    const client = audit.clientOf('repeating');
    const eventId = mintId();
    const draft = { tenant: 'repeating', eventId, request: 'the same' };
    await client.append(appendRequest(draft));
    const again = await client.append(appendRequest({ ...draft, payload: Buffer.from('answered anew') }));
    expect(again.existing?.eventId).toBe(eventId);
    expect(Buffer.from(again.existing!.payload).toString()).toBe(`payload of ${eventId}`);
    const { counts } = await client.countRecords({});
    expect(counts).toMatchObject([{ kind: RecordKind.PREDICTION, records: 1n, distinctIds: 1n }]);
  });

  it('refuses an id that another request has used', async () => {
    const client = audit.clientOf('reusing');
    const eventId = mintId();
    await client.append(appendRequest({ tenant: 'reusing', eventId, request: 'one' }));
    const other = client.append(appendRequest({ tenant: 'reusing', eventId, request: 'another' }));
    await expect(other).rejects.toMatchObject({ reason: 'EVENT_ID_REUSED', codeName: 'ALREADY_EXISTS' });
  });

  it('takes the same id from two tenants', async () => {
    const eventId = mintId();
    await audit.clientOf('left').append(appendRequest({ tenant: 'left', eventId, request: 'left' }));
    await audit.clientOf('right').append(appendRequest({ tenant: 'right', eventId, request: 'right' }));
    const { record } = await audit.clientOf('right').getRecord({ eventId });
    expect(record?.eventId).toBe(eventId);
  });

  it('commits concurrent records of many kinds and tenants, each once', async () => {
    const tenants = ['one', 'two', 'three'];
    const kinds = [RecordKind.PREDICTION, RecordKind.REFUSAL, RecordKind.SHADOW, RecordKind.DECISION];
    const drafts = tenants.flatMap((tenant) =>
      kinds.flatMap((kind) => Array.from({ length: 25 }, () => ({ tenant, kind }))),
    );
    await Promise.all(drafts.map((draft) => audit.clientOf(draft.tenant).append(appendRequest(draft))));
    for (const tenant of tenants) {
      const { counts } = await audit.clientOf(tenant).countRecords({});
      expect(counts.map(({ kind, records, distinctIds }) => ({ kind, records, distinctIds }))).toEqual(
        kinds.toSorted((a, b) => a - b).map((kind) => ({ kind, records: 25n, distinctIds: 25n })),
      );
    }
  });

  it('settles the same id sent at once: one is recorded, the others are told of it', async () => {
    const client = audit.clientOf('racing');
    const eventId = mintId();
    const send = () => client.append(appendRequest({ tenant: 'racing', eventId, request: 'race' }));
    const answers = await Promise.all(Array.from({ length: 20 }, send));
    expect(answers.filter(({ existing }) => existing === undefined)).toHaveLength(1);
  });

  it('finds ids of any version, whenever they claim to have been minted', async () => {
    const client = audit.clientOf('versions');
    const ids = [
      '00000000-0000-4000-8000-000000000001',
      mintId(Date.now() - 86_400_000),
      mintId(Date.now() + 86_400_000),
      mintId(),
    ];
    for (const eventId of ids) {
      await client.append(appendRequest({ tenant: 'versions', eventId, request: eventId }));
      const again = await client.append(appendRequest({ tenant: 'versions', eventId, request: eventId }));
      expect(again.existing?.eventId).toBe(eventId);
    }
  });
});

describe('Append refuses', () => {
  const tenant = 'hostile';
  const reasonOf = (attempt: Promise<unknown>) =>
    attempt.then(
      () => 'RECORDED',
      (error: unknown) => (error as { reason: string }).reason,
    );

  it.each([
    ['a short event id', { eventId: Buffer.alloc(15) }, 'INVALID_RECORD'],
    ['no event id', { eventId: new Uint8Array(0) }, 'INVALID_RECORD'],
    ['an unspecified kind', { kind: RecordKind.UNSPECIFIED }, 'INVALID_RECORD'],
    ['an unknown kind', { kind: 99 as RecordKind }, 'INVALID_RECORD'],
    ['a long request digest', { requestSha256: Buffer.alloc(33) }, 'INVALID_RECORD'],
    ['a short payload digest', { payloadSha256: Buffer.alloc(31) }, 'INVALID_RECORD'],
    ['no answer digest', { answerSha256: new Uint8Array(0) }, 'INVALID_RECORD'],
    ['a short model digest', { modelSha256: Buffer.alloc(8) }, 'INVALID_RECORD'],
    ['no instant', { atUs: 0n }, 'INVALID_RECORD'],
    ['the digest of another tenant', { tenantSha256: Buffer.alloc(32) }, 'TENANT_MISMATCH'],
    ['the digest of another payload', { payloadSha256: Buffer.alloc(32) }, 'PAYLOAD_MISMATCH'],
    ['an oversized commitment', { answerSha256: Buffer.alloc(5_000) }, 'RECORD_TOO_LARGE'],
  ])('%s', async (_, commitment, reason) => {
    const attempt = audit.clientOf(tenant).append(appendRequest({ tenant, commitment }));
    expect(await reasonOf(attempt)).toBe(reason);
  });

  it('an oversized payload', async () => {
    const attempt = audit
      .clientOf(tenant)
      .append(appendRequest({ tenant, payload: Buffer.alloc(1_048_577) }));
    expect(await reasonOf(attempt)).toBe('RECORD_TOO_LARGE');
  });

  it('bytes that are no commitment', async () => {
    const request = { ...appendRequest({ tenant }), commitment: Buffer.from('not a protobuf') };
    expect(await reasonOf(audit.clientOf(tenant).append(request))).toBe('INVALID_RECORD');
  });

  it('a sequence that does not count from 1', async () => {
    const producer = { producerId: 'gateway-1', epoch: 1n, sequence: 0n };
    const attempt = audit.clientOf(tenant).append(appendRequest({ tenant, producer }));
    expect(await reasonOf(attempt)).toBe('INVALID_RECORD');
  });

  it('a call without a tenant', async () => {
    const attempt = audit.clientOf('').append(appendRequest({ tenant: '' }));
    expect(await reasonOf(attempt)).toBe('TENANT_REQUIRED');
  });

  it('one bad record without failing those beside it', async () => {
    const client = audit.clientOf('neighbours');
    const good = Array.from({ length: 10 }, () => client.append(appendRequest({ tenant: 'neighbours' })));
    const bad = client.append(appendRequest({ tenant: 'neighbours', commitment: { atUs: -1n } }));
    expect(await reasonOf(bad)).toBe('INVALID_RECORD');
    await Promise.all(good);
    const { counts } = await client.countRecords({});
    expect(counts).toMatchObject([{ records: 10n }]);
  });

  it('names every violated field', async () => {
    const commitment = { eventId: Buffer.alloc(15), requestSha256: Buffer.alloc(1) };
    const error = await audit
      .clientOf(tenant)
      .append(appendRequest({ tenant, commitment }))
      .catch((thrown: unknown) => thrown);
    expect(hasReason(error, 'INVALID_RECORD')).toBe(true);
    expect(error).toMatchObject({
      fieldViolations: [{ field: 'commitment.event_id' }, { field: 'commitment.request_sha256' }],
    });
  });
});
