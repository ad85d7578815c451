import {
  AuditClass,
  PayloadPolicy,
  type RoutePlan as RoutePlanMessage,
  type TrafficSnapshot,
} from '@plumbline/contract-registry';
import { hasReason } from '@plumbline/errors';
import type { Log } from '@plumbline/rpc';
import { parseSignature, SignatureError, type Signature } from '@plumbline/signature';
import type { ApiKey, RoutePlan, RoutingTable } from '../domain/routing.ts';

/** Reads an object by digest. */
export type ReadObject = (digest: string) => Promise<Uint8Array>;

/**
 * Compiles a snapshot into the table that requests are decided by, reading the signature of every version that may
 * answer. Signatures never change, so those of the `previous` table are kept. A signature that is lost costs its version
 * Predict, and must not cost all others their routes.
 */
export async function compileTable(
  snapshot: TrafficSnapshot,
  previous: RoutingTable | undefined,
  readObject: ReadObject,
  log: Log,
): Promise<RoutingTable> {
  const routes = new Map(
    snapshot.routes.map((plan) => [routeKey(plan.tenant, plan.route?.name ?? ''), planOf(plan)]),
  );
  const keys = new Map(
    snapshot.apiKeys.map((key): [string, ApiKey] => [Buffer.from(key.secretSha256).toString('hex'), key]),
  );
  const signatures = new Map<string, Signature>();
  for (const { digest, files } of snapshot.versions) {
    const file = files.find(({ path }) => path === 'signature.json');
    const signature =
      previous?.signature(digest) ?? (file && (await readSignature(digest, file.digest, readObject, log)));
    if (signature !== undefined) signatures.set(digest, signature);
  }
  return {
    epoch: snapshot.epoch,
    route: (tenant, name) => routes.get(routeKey(tenant, name)),
    apiKey: (secretSha256) => keys.get(secretSha256),
    signature: (digest) => signatures.get(digest),
  };
}

async function readSignature(
  version: string,
  digest: string,
  readObject: ReadObject,
  log: Log,
): Promise<Signature | undefined> {
  try {
    return parseSignature(Buffer.from(await readObject(digest)).toString());
  } catch (error) {
    if (!isLost(error)) throw error;
    log.error({ digest: version, error }, 'the version has no readable signature.json and offers no Predict');
    return undefined;
  }
}

/** Reading again would not help. */
function isLost(error: unknown): boolean {
  return (
    error instanceof SignatureError ||
    hasReason(error, 'OBJECT_NOT_FOUND') ||
    hasReason(error, 'OBJECT_CORRUPT')
  );
}

const routeKey = (tenant: string, name: string): string => `${tenant}\0${name}`;

function planOf({ route, variants, shadowDigest, shadowShareBp, salt }: RoutePlanMessage): RoutePlan {
  return {
    name: route?.name ?? '',
    model: route?.model ?? '',
    featureService: route?.featureService ?? '',
    featureServiceVersion: route?.featureServiceVersion ?? 0,
    auditClass: route?.auditClass === AuditClass.MANDATORY ? 'mandatory' : 'standard',
    payloadPolicy: policyOf(route?.payloadPolicy ?? PayloadPolicy.UNSPECIFIED),
    payloadSampleBp: route?.payloadSampleBp ?? 0,
    variants,
    shadow: shadowDigest === '' ? undefined : { digest: shadowDigest, shareBp: shadowShareBp },
    salt,
  };
}

function policyOf(policy: PayloadPolicy): RoutePlan['payloadPolicy'] {
  if (policy === PayloadPolicy.SAMPLED) return 'sampled';
  return policy === PayloadPolicy.NONE ? 'none' : 'full';
}
