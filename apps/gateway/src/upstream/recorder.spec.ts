import { describe, expect, it } from '@jest/globals';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { AppendResponseSchema, type AppendRequestSchema } from '@plumbline/contract-audit';
import { Code, ServiceError } from '@plumbline/errors';
import { errors } from '../domain/errors.ts';
import { RecentAnswers } from '../domain/recent-answers.ts';
import type { GatewayRecord } from '../domain/record.ts';
import { Recorder } from './recorder.ts';

const record = (answer: string): GatewayRecord => ({
  kind: 'prediction',
  eventId: '0190a0b0-0000-7000-8000-000000000001',
  tenant: 'acme',
  caller: 'api-key:test',
  method: 'm',
  request: Buffer.from('request'),
  answer: Buffer.from(answer),
  atUs: 9n,
  facts: undefined,
  payload: undefined,
});

/** A recorder whose spool takes an entry when the test says so. */
function bench(
  append: (request: MessageInitShape<typeof AppendRequestSchema>) => Promise<void> = async () => undefined,
) {
  const spool: { entries: Uint8Array[]; take: () => void; refuse: (error: Error) => void } = {
    entries: [],
    take: () => undefined,
    refuse: () => undefined,
  };
  const recorder = new Recorder({
    audit: {
      append: async (request: MessageInitShape<typeof AppendRequestSchema>) => {
        await append(request);
        return create(AppendResponseSchema);
      },
    } as never,
    spool: {
      append: (entry: Uint8Array) =>
        new Promise<void>((resolve, reject) => {
          spool.entries.push(entry);
          Object.assign(spool, { take: resolve, refuse: reject });
        }),
    } as never,
    recent: new RecentAnswers(10_000),
    producer: { producerId: 'gateway:test', epoch: 1n },
  });
  return { recorder, spool };
}

describe('the recorder', () => {
  it('answers a repetition with the recorded answer, once that is in the spool', async () => {
    const { recorder, spool } = bench();
    const order: string[] = [];
    const first = recorder.spoolPrediction(record('first')).then((existing) => {
      order.push('first');
      return existing;
    });
    const second = recorder.spoolPrediction(record('second')).then((existing) => {
      order.push('second');
      return existing;
    });
    await Promise.resolve();
    expect(order).toEqual([]);
    spool.take();
    expect(await first).toBeUndefined();
    expect(Buffer.from((await second)?.answer ?? '').toString()).toBe('first');
    expect(spool.entries).toHaveLength(1);
  });

  it('fails a repetition together with the record that could not be spooled, and takes the next', async () => {
    const { recorder, spool } = bench();
    const both = [recorder.spoolPrediction(record('first')), recorder.spoolPrediction(record('second'))];
    spool.refuse(errors.SPOOL_FULL('full'));
    for (const outcome of both) await expect(outcome).rejects.toMatchObject({ reason: 'SPOOL_FULL' });
    const third = recorder.spoolPrediction(record('third'));
    spool.take();
    expect(await third).toBeUndefined();
  });

  it.each([
    ['INVALID_RECORD', Code.INVALID_ARGUMENT],
    ['MESSAGE_TOO_LARGE', Code.RESOURCE_EXHAUSTED],
  ])('lets a spooled record go that audit refuses for good with %s, and says so', async (reason, code) => {
    const { recorder, spool } = bench(() => Promise.reject(new ServiceError(code, reason, 'no')));
    void recorder.spool(record('a'));
    const refused: string[] = [];
    await recorder.ship(spool.entries, (error) => refused.push(error.reason));
    expect(refused).toEqual([reason]);
  });

  it.each([
    ['AUDIT_UNAVAILABLE', Code.UNAVAILABLE],
    ['AUDIT_OVERLOADED', Code.RESOURCE_EXHAUSTED],
  ])('keeps spooled records, and fails mandatory ones as AUDIT_UNAVAILABLE, on %s', async (reason, code) => {
    const { recorder, spool } = bench(() => Promise.reject(new ServiceError(code, reason, 'later')));
    void recorder.spool(record('a'));
    await expect(recorder.ship(spool.entries, () => undefined)).rejects.toMatchObject({ reason });
    await expect(recorder.commit(record('b'), {})).rejects.toMatchObject({
      reason: 'AUDIT_UNAVAILABLE',
      codeName: 'UNAVAILABLE',
    });
  });
});
