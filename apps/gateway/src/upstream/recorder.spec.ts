import { describe, expect, it } from '@jest/globals';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { AppendResponseSchema, type AppendRequestSchema } from '@plumbline/contract-audit';
import { Code, ServiceError } from '@plumbline/errors';
import { recordingLog } from '@plumbline/testing';
import { errors } from '../domain/errors.ts';
import { RecentAnswers } from '../domain/recent-answers.ts';
import type { GatewayRecord } from '../domain/record.ts';
import { Recorder } from './recorder.ts';
import { shipRecords } from './ship-records.ts';

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
    ['INVALID_RECORD', new ServiceError(Code.INVALID_ARGUMENT, 'INVALID_RECORD', 'no')],
    ['MESSAGE_TOO_LARGE', new ServiceError(Code.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE', 'no')],
    ['INTERNAL', new ServiceError(Code.INTERNAL, 'INTERNAL', 'a defect')],
    ['UNSENDABLE', new TypeError('metadata takes printable ASCII')],
  ])(
    'keeps aside a record that is refused for good with %s, says so, and ships the next',
    async (reason, error) => {
      let calls = 0;
      const { recorder, spool } = bench(() => (++calls === 1 ? Promise.reject(error) : Promise.resolve()));
      void recorder.spool(record('a'));
      void recorder.spool(record('b'));
      const kept: [string, Uint8Array][] = [];
      const counted: string[] = [];
      const log = recordingLog();
      const ship = shipRecords({
        recorder,
        log,
        keep: async (why, entry) => kept.push([why, entry]) > 0,
        count: (why) => counted.push(why),
      });
      await ship(spool.entries);
      expect(calls).toBe(2);
      expect(kept).toEqual([[reason, spool.entries[0]]]);
      expect(counted).toEqual([reason]);
      expect(log.lines).toMatchObject([
        { level: 'error', fields: { tenant: 'acme', eventId: record('a').eventId, reason, error } },
      ]);
    },
  );

  it('keeps aside an entry that it cannot even read', async () => {
    const { recorder } = bench();
    const broken = Buffer.from([255, 255]);
    const aside: Uint8Array[] = [];
    await recorder.ship([broken], async (entry) => void aside.push(entry));
    expect(aside).toEqual([broken]);
  });

  it('sets nothing aside while another record of the shipment is to be offered again', async () => {
    const outcomes = [
      new ServiceError(Code.INVALID_ARGUMENT, 'INVALID_RECORD', 'no'),
      new ServiceError(Code.UNAVAILABLE, 'AUDIT_UNAVAILABLE', 'later'),
    ];
    const { recorder, spool } = bench(() => Promise.reject(outcomes.shift() ?? new Error('asked too often')));
    void recorder.spool(record('a'));
    void recorder.spool(record('b'));
    const aside: Uint8Array[] = [];
    await expect(recorder.ship(spool.entries, async (entry) => void aside.push(entry))).rejects.toMatchObject(
      { reason: 'AUDIT_UNAVAILABLE' },
    );
    expect(aside).toEqual([]);
  });

  it.each([
    ['AUDIT_UNAVAILABLE', Code.UNAVAILABLE],
    ['AUDIT_OVERLOADED', Code.RESOURCE_EXHAUSTED],
  ])('keeps spooled records, and fails mandatory ones as AUDIT_UNAVAILABLE, on %s', async (reason, code) => {
    const { recorder, spool } = bench(() => Promise.reject(new ServiceError(code, reason, 'later')));
    void recorder.spool(record('a'));
    await expect(recorder.ship(spool.entries, async () => undefined)).rejects.toMatchObject({ reason });
    await expect(recorder.commit(record('b'), {})).rejects.toMatchObject({
      reason: 'AUDIT_UNAVAILABLE',
      codeName: 'UNAVAILABLE',
    });
  });
});
