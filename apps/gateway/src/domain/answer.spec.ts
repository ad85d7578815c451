import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hasReason } from '@plumbline/errors';
import { answer, type AnswerPorts, type MirrorRequest, type PreparedRequest } from './answer.ts';
import { errors } from './errors.ts';
import type { ExistingRecord, GatewayRecord } from './record.ts';
import type { RoutePlan } from './routing.ts';

const REQUEST = Buffer.from('request');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const plan: RoutePlan = {
  name: 'flight_delay',
  model: 'flight_delay',
  featureService: '',
  featureServiceVersion: 0,
  auditClass: 'mandatory',
  payloadPolicy: 'full',
  payloadSampleBp: 0,
  variants: [{ name: 'champion', digest: 'sha256:a', weightBp: 10_000 }],
  shadow: undefined,
  salt: 's',
};

function prepared(overrides: Partial<RoutePlan> = {}, bucket = 17): PreparedRequest {
  return {
    decision: {
      plan: { ...plan, ...overrides },
      variant: { name: 'champion', digest: 'sha256:a', weightBp: 10_000 },
      bucket,
      epoch: 3n,
    },
    predictionId: '0190f3a2-0000-7000-8000-000000000001',
    caller: 'api-key:test',
    tenant: 'acme',
    method: 'm',
    request: REQUEST,
    inferRequest: Buffer.from('infer'),
    features: undefined,
    featuresUs: 0,
    asOfUs: 5n,
    factNames: ['x'],
    factValues: [1],
    toAnswer: () => Buffer.from('fresh answer'),
  };
}

function ports(existing?: ExistingRecord) {
  const recorded: GatewayRecord[] = [];
  const mirrored: MirrorRequest[] = [];
  const order: string[] = [];
  const bound: AnswerPorts = {
    nowUs: () => 7n,
    infer: async () => {
      order.push('infer');
      return {
        response: Buffer.from('r'),
        score: 0.25,
        batchSize: 4,
        invariance: 'INVARIANT',
        invarianceRows: 8,
        replica: 'r1',
      };
    },
    record: async (record) => {
      order.push('record');
      recorded.push(record);
      return existing;
    },
    mirror: (request) => {
      order.push('mirror');
      mirrored.push(request);
    },
  };
  return { bound, recorded, mirrored, order };
}

describe('answering a prediction', () => {
  it('records before anything leaves', async () => {
    const { bound, recorded, order } = ports();
    expect(String(await answer(bound, prepared()))).toBe('fresh answer');
    expect(order).toEqual(['infer', 'record']);
    expect(recorded[0]).toMatchObject({
      kind: 'prediction',
      tenant: 'acme',
      facts: { score: 0.25, variant: 'champion' },
    });
    expect(recorded[0]?.payload).toMatchObject({ batchSize: 4, epoch: 3n, bucket: 17 });
  });

  it('answers nothing when the record cannot be kept', async () => {
    const { bound } = ports();
    const failing = { ...bound, record: () => Promise.reject(errors.AUDIT_UNAVAILABLE('away')) };
    await expect(answer(failing, prepared())).rejects.toMatchObject({ reason: 'AUDIT_UNAVAILABLE' });
  });

  it('gives a repeated id its recorded answer', async () => {
    const { bound } = ports({ requestSha256: sha256(REQUEST), answer: Buffer.from('first answer') });
    expect(String(await answer(bound, prepared()))).toBe('first answer');
  });

  it('refuses an id that stands for another request', async () => {
    const { bound, mirrored } = ports({
      requestSha256: sha256(Buffer.from('other')),
      answer: Buffer.from('first'),
    });
    const failure: unknown = await answer(bound, prepared()).catch((error: unknown) => error);
    expect(hasReason(failure, 'PREDICTION_ID_REUSED')).toBe(true);
    expect(mirrored).toEqual([]);
  });

  it.each([
    [16, 1],
    [17, 0],
  ])('mirrors bucket %i of a share of 17 basis points %i times', async (bucket, times) => {
    const { bound, mirrored } = ports();
    await answer(bound, prepared({ shadow: { digest: 'sha256:b', shareBp: 17 } }, bucket));
    expect(mirrored).toHaveLength(times);
    if (times === 1) expect(mirrored[0]).toMatchObject({ digest: 'sha256:b', championScore: 0.25 });
  });

  it.each([
    ['full', 9_999, true],
    ['none', 0, false],
    ['sampled', 99, true],
    ['sampled', 100, false],
  ] as const)(
    'under the payload policy %s keeps the payload of bucket %i: %s',
    async (payloadPolicy, bucket, kept) => {
      const { bound, recorded } = ports();
      await answer(bound, prepared({ payloadPolicy, payloadSampleBp: 100 }, bucket));
      expect(recorded[0]?.payload !== undefined).toBe(kept);
    },
  );
});
