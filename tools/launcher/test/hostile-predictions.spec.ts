import { randomUUID } from 'node:crypto';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { encodeElements } from '@plumbline/tensors';
import { DOCUMENTED, verdict } from './hostile/documented-reasons.ts';
import type { PlainCall } from './hostile/plain-grpc.ts';
import { predict as predictAs, type PredictChange } from './hostile/predict.ts';
import { SmallPlatform } from './hostile/small-platform.ts';
import { instant, int, NOON_US, ROUTE, text, withKey, type SmallTenant } from './hostile/small-tenant.ts';

const MODEL_INFER = 'inference.GRPCInferenceService/ModelInfer';

let platform: SmallPlatform;
let acme: SmallTenant;
let rival: SmallTenant;

beforeAll(async () => {
  platform = await SmallPlatform.start();
  acme = await platform.createTenant('acme');
  rival = await platform.createTenant('rival');
});
afterAll(() => platform.close());

const predict = (change?: PredictChange, call?: PlainCall) =>
  predictAs(platform.clientOf('gateway'), acme, change, call);

describe('a prediction on tensors', () => {
  type Tensors = MessageInitShape<typeof ModelInferRequestSchema>;
  const input = (name: string, datatype: string, shape: bigint[]) => ({ name, datatype, shape });
  const hour = input('hour', 'INT64', [1n, 1n]);
  const share = input('late_share', 'FP32', [1n, 1n]);
  const raw = [encodeElements('INT64', [12n]), encodeElements('FP32', [0.5])];
  const infer = (change: Tensors, call: PlainCall = {}) => {
    const request = { modelName: ROUTE, inputs: [hour, share], rawInputContents: raw, ...change };
    const bytes = toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, request));
    const metadata = { ...withKey(acme), ...call.metadata };
    return platform.clientOf('gateway').call(MODEL_INFER, [bytes], { ...call, metadata });
  };

  it('is answered when nothing is wrong, and when a value is missing', async () => {
    expect(verdict(await infer({}))).toBe('OK');
    const missing = [raw[0] ?? Buffer.alloc(0), encodeElements('FP32', [Number.NaN])];
    expect(verdict(await infer({ rawInputContents: missing }))).toBe('OK');
  });

  it.each<[string, Tensors, string]>([
    ['an unknown model', { modelName: 'nothing' }, 'NOT_FOUND/ROUTE_NOT_FOUND'],
    [
      'an unknown input',
      { inputs: [hour, input('x', 'FP32', [1n, 1n])] },
      'INVALID_ARGUMENT/INPUT_NAME_INVALID',
    ],
    ['an input twice', { inputs: [hour, hour] }, 'INVALID_ARGUMENT/INPUT_NAME_INVALID'],
    [
      'an input too few',
      { inputs: [hour], rawInputContents: raw.slice(0, 1) },
      'INVALID_ARGUMENT/INPUT_NAME_INVALID',
    ],
    ['an unknown output', { outputs: [{ name: 'x' }] }, 'INVALID_ARGUMENT/OUTPUT_NAME_INVALID'],
    [
      'another datatype',
      { inputs: [input('hour', 'FP64', [1n, 1n]), share] },
      'INVALID_ARGUMENT/DATATYPE_MISMATCH',
    ],
    [
      'no datatype',
      { inputs: [input('hour', 'FP7', [1n, 1n]), share] },
      'INVALID_ARGUMENT/DATATYPE_MISMATCH',
    ],
    ['another rank', { inputs: [input('hour', 'INT64', [1n]), share] }, 'INVALID_ARGUMENT/SHAPE_MISMATCH'],
    [
      'a negative dimension',
      { inputs: [input('hour', 'INT64', [-1n, 1n]), share] },
      'INVALID_ARGUMENT/SHAPE_MISMATCH',
    ],
    [
      'a shape beyond 2^63',
      { inputs: [input('hour', 'INT64', [2n ** 62n, 4n]), share] },
      'INVALID_ARGUMENT/SHAPE_MISMATCH',
    ],
    [
      'no row',
      { inputs: [input('hour', 'INT64', [0n, 1n]), share] },
      'INVALID_ARGUMENT/BYTE_LENGTH_MISMATCH',
    ],
    [
      'too few bytes',
      { rawInputContents: [Buffer.alloc(7), Buffer.alloc(4)] },
      'INVALID_ARGUMENT/BYTE_LENGTH_MISMATCH',
    ],
    ['too few tensors', { rawInputContents: raw.slice(0, 1) }, 'INVALID_ARGUMENT/REQUEST_MALFORMED'],
    [
      'more typed texts than are converted',
      {
        inputs: [
          {
            ...hour,
            datatype: 'BYTES',
            contents: { bytesContents: Array<Buffer>(300_000).fill(Buffer.alloc(0)) },
          },
        ],
        rawInputContents: [],
      },
      'INVALID_ARGUMENT/REQUEST_MALFORMED',
    ],
  ])('with %s gets its reason', async (_what, change, expected) => {
    expect(verdict(await infer(change))).toBe(expected);
    expect(DOCUMENTED).toContain(expected);
  });

  it('names its instant and its id in metadata that can be read', async () => {
    const asOf = (instantUs: string) => infer({}, { metadata: { 'plumbline-as-of-us': instantUs } });
    expect(verdict(await asOf('-1'))).toBe('INVALID_ARGUMENT/INSTANT_INVALID');
    expect(verdict(await asOf('9'.repeat(18)))).toBe('INVALID_ARGUMENT/INSTANT_INVALID');
    const named = await infer({}, { metadata: { 'plumbline-prediction-id': 'mine' } });
    expect(verdict(named)).toBe('INVALID_ARGUMENT/PREDICTION_ID_INVALID');
  });
});

describe('a prediction by entity key', () => {
  const keys = { origin: text('ATL'), destination: text('BOS') };
  const values = { departure_us: instant(NOON_US), distance_miles: int(946n) };

  it.each<[string, PredictChange, string]>([
    ['an unknown route', { route: 'nothing' }, 'NOT_FOUND/ROUTE_NOT_FOUND'],
    ['a key too few', { entityKeys: { origin: text('ATL') } }, 'INVALID_ARGUMENT/ENTITY_KEY_MISSING'],
    [
      'a key of another type',
      { entityKeys: { ...keys, origin: int(1n) } },
      'INVALID_ARGUMENT/ENTITY_KEY_MISSING',
    ],
    ['no request values', { requestValues: {} }, 'INVALID_ARGUMENT/REQUEST_VALUE_MISSING'],
    [
      'a value beyond 2^53',
      { requestValues: { ...values, distance_miles: int(2n ** 63n - 1n) } },
      'INVALID_ARGUMENT/REQUEST_VALUE_MISSING',
    ],
    ['an instant before 1970', { asOfUs: -1n }, 'INVALID_ARGUMENT/INSTANT_INVALID'],
    ['an instant beyond all time', { asOfUs: 2n ** 63n - 1n }, 'INVALID_ARGUMENT/INSTANT_INVALID'],
    ['an id that is none', { predictionId: '1' }, 'INVALID_ARGUMENT/PREDICTION_ID_INVALID'],
  ])('with %s gets its reason', async (_what, change, expected) => {
    expect(verdict(await predict(change))).toBe(expected);
    expect(DOCUMENTED).toContain(expected);
  });

  it('costs a caller that cancels at once nothing but its own answer', async () => {
    const cancelled = await Promise.all(
      Array.from({ length: 500 }, (_, index) => predict({}, { cancelAfterMs: index % 5 })),
    );
    const codes = new Set(cancelled.map(({ code }) => code));
    codes.delete('OK'); // answered sooner than cancelled
    expect([...codes]).toEqual(['CANCELLED']);
    expect(verdict(await predict())).toBe('OK');
  });

  it('carries an id that belongs to its tenant alone', async () => {
    const predictionId = randomUUID();
    expect(verdict(await predict({ predictionId }))).toBe('OK');
    expect(verdict(await predict({ predictionId }, { metadata: withKey(rival) }))).toBe('OK');
    expect(verdict(await predict({ predictionId, stickyKey: 'other' }))).toBe(
      'ALREADY_EXISTS/PREDICTION_ID_REUSED',
    );
    const spoofed = { ...withKey(acme), 'plumbline-tenant': 'rival' };
    const onlyMine = randomUUID();
    expect(verdict(await predict({ predictionId: onlyMine }, { metadata: spoofed }))).toBe('OK');
    await expect(rival.clients.audit.getRecord({ eventId: onlyMine })).rejects.toMatchObject({
      codeName: 'NOT_FOUND',
      reason: 'RECORD_NOT_FOUND',
    });
    expect((await acme.clients.audit.getRecord({ eventId: onlyMine })).record).toBeDefined();
  });
});
