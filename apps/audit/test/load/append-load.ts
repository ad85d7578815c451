// A load process for Append: makes its requests beforehand, keeps a number of them in flight over one coalesced
// stream, and prints records per second and latencies as one line of JSON.
//   node apps/audit/test/load/append-load.ts <host:port> <service secret> [records] [in flight] [payload bytes]
import { randomBytes } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { AppendRequestSchema, PredictionFactsSchema } from '@plumbline/contract-audit';
import { createChannel, rawUnary, serviceToken } from '@plumbline/rpc';
import { appendRequest, mintId } from '../records.fixture.ts';

const TENANT = 'load';
const APPEND = 'plumbline.audit.v1.AuditService/Append';
const FEATURES = 12;

const [address = '127.0.0.1:7450', secret = '', ...numbers] = process.argv.slice(2);
const [records = 40_000, inFlight = 512, payloadBytes = 1_500] = numbers.map(Number);

function encodedRequest(index: number): Uint8Array {
  const eventId = mintId();
  const producer = { producerId: 'load', epoch: BigInt(process.pid), sequence: BigInt(index + 1) };
  const request = appendRequest({
    tenant: TENANT,
    eventId,
    payload: randomBytes(payloadBytes),
    producer,
    facts: false,
  });
  const facts = create(PredictionFactsSchema, {
    predictionId: eventId,
    route: 'late-flights',
    model: 'flight_delay',
    modelDigest: `sha256:${'ab'.repeat(32)}`,
    variant: 'champion',
    asOfUs: 983_404_800_000_000n,
    score: Math.random(),
    featureNames: Array.from({ length: FEATURES }, (_, feature) => `airport_outcomes:feature_${feature}`),
    featureValues: Array.from({ length: FEATURES }, () => ({
      kind: { case: 'doubleValue' as const, value: Math.random() },
    })),
  });
  return toBinary(AppendRequestSchema, { ...request, facts });
}

const metadata = { authorization: serviceToken('gateway', secret), 'plumbline-tenant': TENANT };
const channel = createChannel(address, { coalesce: true, metadata: () => metadata });
const requests = Array.from({ length: records }, (_, index) => encodedRequest(index));
const latenciesMs: number[] = [];
const failures = new Map<string, number>();
let next = 0;

async function worker(): Promise<void> {
  for (let index = next++; index < requests.length; index = next++) {
    const sent = performance.now();
    try {
      await rawUnary(channel, APPEND, requests[index]!, { timeoutMs: 30_000 });
      latenciesMs.push(performance.now() - sent);
    } catch (error) {
      const { reason = 'UNKNOWN' } = error as { reason?: string };
      failures.set(reason, (failures.get(reason) ?? 0) + 1);
    }
  }
}

const began = performance.now();
await Promise.all(Array.from({ length: inFlight }, worker));
const seconds = (performance.now() - began) / 1_000;
channel.close();

latenciesMs.sort((a, b) => a - b);
const percentile = (share: number) =>
  Number(
    (latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(share * latenciesMs.length))] ?? NaN).toFixed(2),
  );
process.stdout.write(
  `${JSON.stringify({
    records: latenciesMs.length,
    failures: Object.fromEntries(failures),
    recordsPerSecond: Math.round(latenciesMs.length / seconds),
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    p999Ms: percentile(0.999),
  })}\n`,
);
