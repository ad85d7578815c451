import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  ApiKeySchema,
  LoadedVersionSchema,
  RoutePlanSchema,
  TrafficSnapshotSchema,
} from '@plumbline/contract-registry';
import { variantsOf } from '@plumbline/release';
import type { KeptVersion, PublishedKey, RouteTraffic, TrafficSnapshot } from '../domain/traffic.ts';
import { objectRefOf } from './measurement.ts';
import { routeMessageOf } from './route.ts';

export function snapshotOf({
  epoch,
  routes,
  versions,
  apiKeys,
}: TrafficSnapshot): MessageInitShape<typeof TrafficSnapshotSchema> {
  return {
    epoch,
    routes: routes.map(routePlanOf),
    versions: versions.map(loadedVersionOf),
    apiKeys: apiKeys.map(apiKeyOf),
  };
}

function routePlanOf({ tenant, route, plan, salt }: RouteTraffic): MessageInitShape<typeof RoutePlanSchema> {
  return {
    tenant,
    salt,
    route: routeMessageOf(route),
    variants: variantsOf(plan),
    shadowDigest: plan.shadow?.digest ?? '',
    shadowShareBp: plan.shadow?.shareBp ?? 0,
  };
}

function loadedVersionOf({ files, ...version }: KeptVersion): MessageInitShape<typeof LoadedVersionSchema> {
  return { ...version, files: files.map(objectRefOf) };
}

function apiKeyOf({
  id,
  tenant,
  name,
  secretSha256,
  scopes,
}: PublishedKey): MessageInitShape<typeof ApiKeySchema> {
  return { keyId: id, tenant, name, scopes: [...scopes], secretSha256: Uint8Array.from(secretSha256) };
}
