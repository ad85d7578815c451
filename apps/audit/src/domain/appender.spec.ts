import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Code, ServiceError } from '@plumbline/errors';
import { type LogTables } from './append-batch.ts';
import { createAppender, type LogStore } from './appender.ts';
import { tenantDigest } from './event-id.ts';
import { type Commitment, type Submission } from './record.ts';

const NO_BYTES = new Uint8Array(0);

function submit(id: string): Submission {
  const eventId = createHash('md5').update(id).digest();
  const digest = createHash('sha256').update(id).digest();
  const bytes = Buffer.concat([eventId, tenantDigest('t', eventId), digest]);
  return { tenant: 't', commitment: read(bytes), payload: Buffer.from(id) };
}

function read(bytes: Uint8Array): Commitment {
  return {
    bytes,
    eventId: bytes.subarray(0, 16),
    tenantDigest: bytes.subarray(16, 48),
    requestDigest: bytes.subarray(48, 80),
    payloadDigest: NO_BYTES,
    answerDigest: NO_BYTES,
    modelDigest: NO_BYTES,
    kind: 'PREDICTION',
    atUs: 1n,
  };
}

/** A store that commits in memory and fails when `fault` says so of the payloads of a batch. */
function harness(fault: (payloads: readonly string[]) => Error | undefined) {
  const committed: string[] = [];
  const tables = (staged: string[]): LogTables => ({
    lockHead: async () => ({ nextIndex: BigInt(committed.length), committedAtUs: 0n }),
    segmentsUnder: async () => [],
    sequencesOf: async () => [],
    async write({ payloads }) {
      staged.push(...payloads.map(({ bytes }) => Buffer.from(bytes).toString()));
      const error = fault(staged);
      if (error) throw error;
    },
  });
  const store: LogStore = {
    async transaction(work) {
      const staged: string[] = [];
      const result = await work(tables(staged));
      committed.push(...staged);
      return result;
    },
  };
  const clock = { nowUs: () => 1n };
  const appender = createAppender({
    store,
    clock,
    read,
    maxBatch: 64,
    maxWaiting: 64,
    commitTimeoutMs: 1_000,
  });
  return { committed, append: (id: string) => appender.append(submit(id), () => false) };
}

describe('the appender', () => {
  it('commits the neighbours of a record that the store cannot take', async () => {
    const { committed, append } = harness((payloads) =>
      payloads.includes('poison') ? new RangeError('cannot be stored') : undefined,
    );
    const ids = ['a', 'b', 'poison', 'c', 'd', 'e'];
    const results = await Promise.allSettled(ids.map(append));
    expect(results.map(({ status }) => status)).toEqual(
      ids.map((id) => (id === 'poison' ? 'rejected' : 'fulfilled')),
    );
    expect(committed.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('answers AUDIT_UNAVAILABLE, with a time to retry, while the store is away', async () => {
    const away = new ServiceError(Code.UNAVAILABLE, 'DATABASE_UNAVAILABLE', 'gone');
    const { append } = harness(() => away);
    await expect(append('a')).rejects.toMatchObject({
      reason: 'AUDIT_UNAVAILABLE',
      codeName: 'UNAVAILABLE',
      retryAfterMs: 250,
      cause: away,
    });
  });

  it('does not split a batch when the store is away', async () => {
    let attempts = 0;
    const { append } = harness(() => {
      attempts += 1;
      return new ServiceError(Code.DEADLINE_EXCEEDED, 'DATABASE_TIMEOUT', 'slow');
    });
    await Promise.allSettled(['a', 'b', 'c', 'd'].map(append));
    expect(attempts).toBe(1);
  });
});
