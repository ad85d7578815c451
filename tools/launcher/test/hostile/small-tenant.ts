import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { create, fromJsonString, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { ValueSchema, type Value } from '@plumbline/contract-common';
import { DefinitionsSchema, type RowSchema } from '@plumbline/contract-features';
import type { PredictRequestSchema } from '@plumbline/contract-gateway';
import { ProfileSchema } from '@plumbline/contract-monitor';
import { AuditClass, GoldenSetSchema, PayloadPolicy } from '@plumbline/contract-registry';
import type { ObjectStore } from '@plumbline/objects';
import { buildModel } from '@plumbline/onnx';
import { manifestDigest, type ManifestFile } from '@plumbline/release';
import { formatSignature, type Signature } from '@plumbline/signature';
import { buildProfile } from '@plumbline/statistics';
import { connectTenant, type TenantClients } from '../../src/journey/clients.ts';

export const ROUTE = 'flight_delay';
export const MODEL = 'flight_delay';
const DEFINITIONS_FILE = new URL('../../flights/definitions.json', import.meta.url);
const HOUR_US = 3_600_000_000n;
/** 1 January 2001, noon: the instant of every prediction here. */
export const NOON_US = BigInt(Date.UTC(2001, 0, 1, 12)) * 1_000n;

const SIGNATURE: Signature = {
  featureService: 'flight_delay',
  featureServiceVersion: 1,
  inputs: [
    { name: 'hour', datatype: 'INT64', shape: [-1, 1], feature: 'departure:hour', source: 'request' },
    {
      name: 'late_share',
      datatype: 'FP32',
      shape: [-1, 1],
      feature: 'airport_outcomes:late_share_24h',
      source: 'outcomes',
    },
  ],
  outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
};

/** A tenant with flights of one morning, a tiny model that is champion of a mandatory route, and an API key. */
export interface SmallTenant {
  readonly clients: TenantClients;
  readonly apiKey: string;
  /** Digest of the champion. */
  readonly champion: string;
}

export async function createTenant(
  addresses: Readonly<Record<string, string>>,
  serviceSecret: string,
  tenant: string,
  objects: ObjectStore,
): Promise<SmallTenant> {
  const clients = connectTenant(addresses, serviceSecret, tenant);
  await clients.tenants.createTenant({ tenant });
  const scopes = ['predict', 'as-of'];
  const { secret: apiKey } = await clients.tenants.createApiKey({ tenant, name: 'test', scopes });
  const definitions = fromJsonString(DefinitionsSchema, readFileSync(DEFINITIONS_FILE, 'utf8'));
  await clients.features.applyDefinitions({ definitions });
  await clients.features.ingestRows({ ...outcomes(8), batchId: randomUUID() });
  await clients.registry.createModel({ model: MODEL });
  await clients.registry.putRoute({
    route: {
      name: ROUTE,
      model: MODEL,
      alias: 'champion',
      featureService: 'flight_delay',
      auditClass: AuditClass.MANDATORY,
      payloadPolicy: PayloadPolicy.FULL,
    },
  });
  const { digest: champion } = await registerVersion(clients, objects, 'first');
  const epoch = await release(clients, champion, '');
  await clients.traffic.waitForEpoch({ epoch }, { timeoutMs: 20_000 });
  return { clients, apiKey, champion };
}

/** Metadata of a caller with the tenant's API key. */
export const withKey = ({ apiKey }: SmallTenant): { readonly authorization: string } => ({
  authorization: `Bearer ${apiKey}`,
});

const COLUMNS = ['flight_id', 'date', 'delay', 'distance', 'origin', 'destination'];

/** Outcomes of the hours before noon, every second one late. */
export function outcomes(count: number, firstId = 0) {
  const rows = Array.from({ length: count }, (_, index): MessageInitShape<typeof RowSchema> => {
    const departureUs = NOON_US - HOUR_US * BigInt(3 + (index % 8));
    const delay = index % 2 === 0 ? 0n : 60n;
    return {
      values: [
        int(BigInt(firstId + index)),
        instant(departureUs),
        int(delay),
        int(350n),
        text('ATL'),
        text('BOS'),
      ],
    };
  });
  return { source: 'outcomes', columns: COLUMNS, rows };
}

/** What a caller sends to the gateway. */
export function predictRequest(
  change: MessageInitShape<typeof PredictRequestSchema> = {},
): MessageInitShape<typeof PredictRequestSchema> {
  return {
    route: ROUTE,
    entityKeys: { origin: text('ATL'), destination: text('BOS') },
    requestValues: { departure_us: instant(NOON_US), distance_miles: int(946n) },
    asOfUs: NOON_US,
    ...change,
  };
}

/** Registers the model once more; `label` makes its bytes, hence its digest, another. */
export async function registerVersion(
  { registry }: TenantClients,
  objects: ObjectStore,
  label: string,
): Promise<{ readonly digest: string; readonly files: readonly ManifestFile[] }> {
  const contents = {
    'model.onnx': modelBytes(label),
    'signature.json': Buffer.from(formatSignature(SIGNATURE)),
    'baseline.pb': baseline(),
    'golden.pb': golden(),
    'metadata.json': Buffer.from('{}'),
  };
  const files: ManifestFile[] = [];
  for (const [path, bytes] of Object.entries(contents)) {
    const { digest, sizeBytes } = await objects.put(bytes);
    files.push({ path, digest, sizeBytes: BigInt(sizeBytes) });
  }
  await registry.registerVersion({ model: MODEL, files: files.map((file) => ({ ...file })) });
  return { digest: manifestDigest(files), files };
}

/** Moves the champion alias from `expectedDigest` ("" for the first release) behind a gate. Answers the new epoch. */
export async function release(
  { registry }: TenantClients,
  digest: string,
  expectedDigest: string,
): Promise<bigint> {
  const measured = (name: string, value: number) => ({
    ...{ name, value, lower: value - 0.05, upper: value + 0.05 },
    ...{ confidence: 0.95, n: 1_000n },
  });
  const replaces = expectedDigest !== '';
  await registry.attachEvidence({
    model: MODEL,
    digest,
    evidence: {
      evidenceId: randomUUID(),
      kind: 'evaluation',
      metrics: [measured('roc_auc', 0.8)],
      comparisons: replaces
        ? [{ otherKind: 'version', other: expectedDigest, difference: measured('roc_auc', 0.1) }]
        : [],
    },
  });
  const subject = replaces
    ? { case: 'otherAlias' as const, value: 'champion' }
    : { case: 'metricLowerAbove' as const, value: 0.5 };
  const { decisionId } = await registry.evaluateGate({
    model: MODEL,
    digest,
    gate: { name: 'fair', conditions: [{ metric: 'roc_auc', subject }] },
  });
  const { epoch } = await registry.moveAlias({
    ...{ model: MODEL, alias: 'champion', digest, expectedDigest },
    reason: 'test',
    decisionIds: [decisionId],
  });
  return epoch;
}

/** probability = sigmoid(late_share + hour). */
function modelBytes(label: string): Uint8Array {
  const [hour, lateShare] = SIGNATURE.inputs;
  if (hour === undefined || lateShare === undefined) throw new Error('the signature has two inputs');
  return buildModel({
    name: label,
    producer: { name: 'test', version: '1' },
    inputs: [hour, lateShare],
    outputs: SIGNATURE.outputs,
    nodes: [
      { operator: 'Cast', inputs: ['hour'], outputs: ['hour_f'], attributes: { to: { int: 1 } } },
      { operator: 'Add', inputs: ['hour_f', 'late_share'], outputs: ['sum'] },
      { operator: 'Sigmoid', inputs: ['sum'], outputs: ['probability'] },
    ],
  });
}

function golden(): Uint8Array {
  const column = (name: string, datatype: string, data: ArrayBuffer) => ({
    name,
    datatype,
    shape: [2n, 1n],
    data: new Uint8Array(data),
  });
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  return toBinary(
    GoldenSetSchema,
    create(GoldenSetSchema, {
      absoluteTolerance: 1e-6,
      cases: [
        {
          inputs: [
            column('hour', 'INT64', BigInt64Array.of(0n, 1n).buffer),
            column('late_share', 'FP32', Float32Array.of(0, 0.5).buffer),
          ],
          outputs: [column('probability', 'FP32', Float32Array.of(sigmoid(0), sigmoid(1.5)).buffer)],
        },
      ],
    }),
  );
}

function baseline(): Uint8Array {
  const rows = Array.from({ length: 96 }, (_, index) => index);
  const profile = buildProfile({
    eventTimesUs: rows.map((row) => NOON_US + HOUR_US * BigInt(row)),
    features: SIGNATURE.inputs.map(({ name, feature = '', source = '' }) => ({
      name: feature,
      input: name,
      source,
      values: rows.map((row) => row % 24),
    })),
    score: { name: 'score', values: rows.map((row) => row / 96) },
  });
  return toBinary(ProfileSchema, create(ProfileSchema, profile));
}

export const int = (value: bigint): Value => create(ValueSchema, { kind: { case: 'int64Value', value } });
export const text = (value: string): Value => create(ValueSchema, { kind: { case: 'stringValue', value } });
export const instant = (value: bigint): Value =>
  create(ValueSchema, { kind: { case: 'timestampUs', value } });
