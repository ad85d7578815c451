import { createHash, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  CommitmentSchema,
  PredictionPayloadSchema,
  RecordKind,
  type AppendRequest,
} from '@plumbline/contract-audit';
import { PredictionService, type PredictRequestSchema } from '@plumbline/contract-gateway';
import { Health, HealthCheckResponse_ServingStatus } from '@plumbline/contract-grpc';
import { GRPCInferenceService } from '@plumbline/contract-oip';
import { AuditClass } from '@plumbline/contract-registry';
import { createChannel, createClient, rawUnary, serviceToken, type Channel } from '@plumbline/rpc';
import { buildInferRequest, encodeElements } from '@plumbline/tensors';
import { eventually, testEvents } from '@plumbline/testing';
import {
  API_KEY,
  CANDIDATE,
  DIGEST,
  NO_SCOPE_KEY,
  SECRET,
  startRig,
  type GatewayRig,
} from './gateway-rig.ts';

let natsUrl: string;
let rig: GatewayRig;
const channels: Channel[] = [];

function connect(key?: string) {
  const channel = createChannel(rig.address, {
    metadata: () => (key === undefined ? {} : { authorization: `Bearer ${key}` }),
  });
  channels.push(channel);
  return channel;
}

const predictions = (key?: string) => createClient(PredictionService, connect(key));
const asked = (
  over: MessageInitShape<typeof PredictRequestSchema> = {},
): MessageInitShape<typeof PredictRequestSchema> => ({
  route: 'delay',
  entityKeys: { origin: { kind: { case: 'stringValue', value: 'ATL' } } },
  ...over,
});
const commitmentOf = (request: AppendRequest | undefined) =>
  fromBinary(CommitmentSchema, request?.commitment ?? new Uint8Array());
const payloadOf = (request: AppendRequest | undefined) =>
  fromBinary(PredictionPayloadSchema, request?.payload ?? new Uint8Array());
const refusalOf = (request: AppendRequest | undefined) => payloadOf(request).variant;
const ofKind = (kind: RecordKind) => rig.appended.filter((request) => commitmentOf(request).kind === kind);

beforeAll(async () => {
  natsUrl = await testEvents();
});
afterEach(async () => {
  for (const channel of channels.splice(0)) channel.close();
  await rig.close();
});
afterAll(() => undefined);

describe('a prediction by entity key', () => {
  it('is answered with the champion’s score, recorded before it leaves', async () => {
    rig = await startRig(natsUrl);
    const answer = await predictions(API_KEY).predict(asked({ includeFeatures: true, asOfUs: 42n }));
    expect(answer).toMatchObject({
      modelDigest: DIGEST,
      variant: 'champion',
      outputs: [{ name: 'probability', values: [0.25] }],
    });
    expect(answer.features[0]).toMatchObject({ name: 'v:share', status: 'PRESENT' });
    expect(rig.inferred).toEqual([{ digest: DIGEST, tenant: 'acme', caller: 'test' }]);

    const [record] = ofKind(RecordKind.PREDICTION);
    expect(record?.facts).toMatchObject({
      predictionId: answer.predictionId,
      score: 0.25,
      asOfUs: 42n,
      variant: 'champion',
    });
    const payload = fromBinary(PredictionPayloadSchema, record?.payload ?? new Uint8Array());
    expect(payload).toMatchObject({
      caller: 'api-key:test',
      route: 'delay',
      batchSize: 1,
      invariance: 'INVARIANT',
      invarianceRows: 8,
      featureService: 'flights@1',
    });
    expect(
      createHash('sha256')
        .update(record?.payload ?? '')
        .digest(),
    ).toEqual(Buffer.from(commitmentOf(record).payloadSha256));
  });

  it('gets the recorded answer under the same id, and is refused under a reused one', async () => {
    rig = await startRig(natsUrl);
    const client = predictions(API_KEY);
    const predictionId = randomUUID();
    const first = await client.predict(asked({ predictionId }));
    expect(await client.predict(asked({ predictionId }))).toEqual(first);
    await expect(client.predict(asked({ predictionId, asOfUs: 9n }))).rejects.toMatchObject({
      reason: 'PREDICTION_ID_REUSED',
    });
    expect(ofKind(RecordKind.PREDICTION)).toHaveLength(1);
  });

  it('fails on a mandatory route while audit is away, and succeeds with the same id afterwards', async () => {
    rig = await startRig(natsUrl);
    const client = predictions(API_KEY);
    const predictionId = randomUUID();
    rig.auditAway = true;
    await expect(client.predict(asked({ predictionId }))).rejects.toMatchObject({
      codeName: 'UNAVAILABLE',
      reason: 'AUDIT_UNAVAILABLE',
    });
    rig.auditAway = false;
    expect((await client.predict(asked({ predictionId }))).predictionId).toBe(predictionId);
  });

  it('goes on on a standard route while audit is away; its record follows by the spool', async () => {
    rig = await startRig(natsUrl, {
      route: { name: 'delay', model: 'delay', featureService: 'flights', auditClass: AuditClass.STANDARD },
    });
    rig.auditAway = true;
    const { predictionId } = await predictions(API_KEY).predict(asked());
    expect(rig.appended).toEqual([]);
    rig.auditAway = false;
    await eventually(() => ofKind(RecordKind.PREDICTION).length === 1);
    expect(ofKind(RecordKind.PREDICTION)[0]?.facts?.predictionId).toBe(predictionId);
  });

  it('is mirrored to a shadow whose record carries both scores', async () => {
    rig = await startRig(natsUrl, { shadowDigest: CANDIDATE, shadowShareBp: 10_000 });
    const { predictionId, outputs } = await predictions(API_KEY).predict(asked());
    expect(outputs[0]?.values).toEqual([0.25]);
    await eventually(() => ofKind(RecordKind.SHADOW).length === 1);
    expect(ofKind(RecordKind.SHADOW)[0]?.facts).toMatchObject({
      variant: 'shadow',
      score: 0.75,
      championScore: 0.25,
      mirroredPredictionId: predictionId,
    });
  });

  it('follows a new epoch without a restart and acknowledges it', async () => {
    rig = await startRig(natsUrl);
    rig.setRoute({ variants: [{ name: 'champion', digest: CANDIDATE, weightBp: 10_000 }] });
    await eventually(() => rig.acknowledged.includes(2n));
    expect((await predictions(API_KEY).predict(asked())).modelDigest).toBe(CANDIDATE);
  });
});

describe('a prediction on tensors', () => {
  const tensors = (modelName = 'delay') =>
    buildInferRequest({
      modelName,
      id: 'mine',
      inputs: [{ name: 'share', datatype: 'FP32', shape: [1, 1], raw: encodeElements('FP32', [0.5]) }],
    });
  const MODEL_INFER = 'inference.GRPCInferenceService/ModelInfer';

  it('is forwarded as it came and answered with its prediction id', async () => {
    rig = await startRig(natsUrl);
    const predictionId = randomUUID();
    const { trailers } = await rawUnary(connect(API_KEY), MODEL_INFER, tensors(), {
      metadata: { 'plumbline-prediction-id': predictionId },
    });
    expect(trailers.get('plumbline-prediction-id')).toBe(predictionId);
    const [record] = ofKind(RecordKind.PREDICTION);
    expect(fromBinary(PredictionPayloadSchema, record?.payload ?? new Uint8Array()).inferRequest).toEqual(
      new Uint8Array(tensors()),
    );
    expect(record?.facts).toMatchObject({ featureNames: ['v:share'] });
  });

  it('is described by the route’s metadata', async () => {
    rig = await startRig(natsUrl);
    const oip = createClient(GRPCInferenceService, connect(API_KEY));
    expect(await oip.modelMetadata({ name: 'delay' })).toMatchObject({
      inputs: [{ name: 'share', datatype: 'FP32', shape: [-1n, 1n] }],
    });
    expect((await oip.modelReady({ name: 'delay' })).ready).toBe(true);
    expect((await oip.modelReady({ name: 'nothing' })).ready).toBe(false);
  });

  it('is refused when the bytes are no request, and the refusal is recorded', async () => {
    rig = await startRig(natsUrl);
    await expect(
      rawUnary(connect(API_KEY), MODEL_INFER, Buffer.from([0x0a, 0xff]), {}),
    ).rejects.toMatchObject({ codeName: 'INVALID_ARGUMENT' });
    await expect(rawUnary(connect(API_KEY), MODEL_INFER, tensors('nothing'), {})).rejects.toMatchObject({
      reason: 'ROUTE_NOT_FOUND',
    });
    await eventually(() => ofKind(RecordKind.REFUSAL).length > 0);
  });
});

describe('a caller', () => {
  it.each([
    ['without a credential', undefined, 'UNAUTHENTICATED'],
    ['with an unknown key', 'plk_nobodynobodynobody', 'UNAUTHENTICATED'],
    ['without the scope', NO_SCOPE_KEY, 'PERMISSION_DENIED'],
  ])('%s is refused', async (_what, key, codeName) => {
    rig = await startRig(natsUrl);
    await expect(predictions(key).predict(asked())).rejects.toMatchObject({ codeName });
    expect(rig.inferred).toEqual([]);
  });

  it('that names an unknown route or a faulty id gets the reason', async () => {
    rig = await startRig(natsUrl);
    const client = predictions(API_KEY);
    await expect(client.predict(asked({ route: 'nothing' }))).rejects.toMatchObject({
      codeName: 'NOT_FOUND',
      reason: 'ROUTE_NOT_FOUND',
    });
    await expect(client.predict(asked({ predictionId: 'mine' }))).rejects.toMatchObject({
      reason: 'PREDICTION_ID_INVALID',
    });
  });

  it.each([-1n, 2n ** 53n, 2n ** 63n - 1n])('that asks as of %d µs is refused', async (asOfUs) => {
    rig = await startRig(natsUrl);
    const refusal = { codeName: 'INVALID_ARGUMENT', reason: 'INSTANT_INVALID' };
    await expect(predictions(API_KEY).predict(asked({ asOfUs }))).rejects.toMatchObject(refusal);
    const metadata = { 'plumbline-as-of-us': String(asOfUs) };
    await expect(
      rawUnary(connect(API_KEY), 'inference.GRPCInferenceService/ModelInfer', Buffer.alloc(0), { metadata }),
    ).rejects.toMatchObject(refusal);
  });

  it('that sends a million empty entity keys is refused before they are decoded', async () => {
    rig = await startRig(natsUrl);
    const bomb = Buffer.alloc(2_000_000, Buffer.from([0x1a, 0x00]));
    await expect(
      rawUnary(connect(API_KEY), 'plumbline.gateway.v1.PredictionService/Predict', bomb, {}),
    ).rejects.toMatchObject({ codeName: 'RESOURCE_EXHAUSTED', reason: 'TOO_MANY_ELEMENTS' });
  });

  it('that runs into a limit is recorded with the reason, and by the digest of its request', async () => {
    rig = await startRig(natsUrl);
    const bomb = Buffer.alloc(40_000, Buffer.from([0x1a, 0x00]));
    const refused = rawUnary(connect(API_KEY), 'plumbline.gateway.v1.PredictionService/Predict', bomb, {});
    await expect(refused).rejects.toMatchObject({ reason: 'TOO_MANY_ELEMENTS' });
    await eventually(() => ofKind(RecordKind.REFUSAL).length === 1);
    const [record] = ofKind(RecordKind.REFUSAL);
    expect(refusalOf(record)).toBe('TOO_MANY_ELEMENTS');
    expect(Buffer.from(commitmentOf(record).requestSha256)).toEqual(
      createHash('sha256').update(bomb).digest(),
    );
  });

  it('that may not or cannot read a model’s metadata is recorded', async () => {
    rig = await startRig(natsUrl);
    const metadata = (key: string, name: string) =>
      createClient(GRPCInferenceService, connect(key)).modelMetadata({ name });
    await expect(metadata(API_KEY, 'nothing')).rejects.toMatchObject({ reason: 'ROUTE_NOT_FOUND' });
    await expect(metadata(NO_SCOPE_KEY, 'delay')).rejects.toMatchObject({ reason: 'SCOPE_MISSING' });
    await eventually(() => ofKind(RecordKind.REFUSAL).length === 2);
    expect(ofKind(RecordKind.REFUSAL).map(refusalOf).sort()).toEqual(['ROUTE_NOT_FOUND', 'SCOPE_MISSING']);
  });

  it('that is a service and names no tenant is refused, and nothing is recorded of it', async () => {
    rig = await startRig(natsUrl);
    const channel = createChannel(rig.address, {
      metadata: () => ({ authorization: serviceToken('operator', SECRET) }),
    });
    channels.push(channel);
    const client = createClient(PredictionService, channel);
    await expect(client.predict(asked())).rejects.toMatchObject({ reason: 'TENANT_REQUIRED' });
    await expect(predictions(API_KEY).predict(asked({ route: 'nothing' }))).rejects.toMatchObject({
      reason: 'ROUTE_NOT_FOUND',
    });
    await eventually(() => ofKind(RecordKind.REFUSAL).length > 0);
    expect(rig.appended).toHaveLength(1);
  });
});

describe('a caller whose key has a name in another script', () => {
  const keyName = 'Überwachung 100 %';
  const caller = 'api-key:%C3%9Cberwachung%20100%20%25';
  const shadowed = { keyName, shadowDigest: CANDIDATE, shadowShareBp: 10_000 };
  const standard = {
    name: 'delay',
    model: 'delay',
    featureService: 'flights',
    auditClass: AuditClass.STANDARD,
  };

  it.each([
    ['mandatory', shadowed],
    ['standard', { ...shadowed, route: standard }],
  ])('is answered and recorded on a %s route, mirrored included', async (_class, change) => {
    rig = await startRig(natsUrl, change);
    await predictions(API_KEY).predict(asked());
    await eventually(() => ofKind(RecordKind.PREDICTION).length + ofKind(RecordKind.SHADOW).length === 2);
    expect(rig.inferred.map((run) => run.caller)).toEqual([keyName, keyName]);
    expect(rig.appended.map((record) => payloadOf(record).caller)).toEqual([caller, caller]);
  });

  it('is answered where the request is too large to share a stream', async () => {
    rig = await startRig(natsUrl, { keyName });
    const request = buildInferRequest({
      modelName: 'delay',
      id: 'x'.repeat(100_000),
      inputs: [{ name: 'share', datatype: 'FP32', shape: [1, 1], raw: encodeElements('FP32', [0.5]) }],
    });
    await rawUnary(connect(API_KEY), 'inference.GRPCInferenceService/ModelInfer', request, {});
    expect(payloadOf(ofKind(RecordKind.PREDICTION)[0]).caller).toBe(caller);
  });
});

describe('grpc.health.v1', () => {
  it('says NOT_SERVING until routes are known, then SERVING', async () => {
    rig = await startRig(natsUrl, {}, { registryAway: true });
    const health = createClient(Health, connect());
    const service = PredictionService.typeName;
    const { NOT_SERVING, SERVING } = HealthCheckResponse_ServingStatus;
    expect(await health.check({ service })).toMatchObject({ status: NOT_SERVING });
    rig.registryAway = false;
    await eventually(async () => (await health.check({ service })).status === SERVING);
  });
});
