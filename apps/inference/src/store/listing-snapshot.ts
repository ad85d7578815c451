import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { TrafficSnapshotSchema, type TrafficSnapshot } from '@plumbline/contract-registry';
import type { SnapshotCodec } from '@plumbline/service';
import { modelKey, parseModelKey, type ListedVersion, type Listing } from '../domain/traffic.ts';

/** What inference needs of a traffic snapshot. A version that several tenants own is listed once. */
export function listingOf(snapshot: TrafficSnapshot): Listing {
  const versions = new Map<string, ListedVersion>();
  for (const { tenant, model, digest, number, files } of snapshot.versions) {
    const owners = [...(versions.get(digest)?.owners ?? []), { tenant, model, number }];
    versions.set(digest, {
      digest,
      owners,
      files: files.map(({ path, digest: content, sizeBytes }) => ({ path, digest: content, sizeBytes })),
    });
  }
  const champions = snapshot.routes.flatMap(({ tenant, route, variants }) => {
    const champion = variants.find(({ name }) => name === 'champion');
    if (route === undefined || champion === undefined) return [];
    return [[modelKey(tenant, route.model), champion.digest] as const];
  });
  return { epoch: snapshot.epoch, versions: [...versions.values()], champions: new Map(champions) };
}

/** The least snapshot that gives this listing again: no API keys, no weights. */
export function snapshotOf({ epoch, versions, champions }: Listing): TrafficSnapshot {
  return create(TrafficSnapshotSchema, {
    epoch,
    versions: versions.flatMap(({ digest, files, owners }) =>
      owners.map((owner) => ({ ...owner, digest, files: [...files] })),
    ),
    routes: [...champions].map(([key, digest]) => {
      const { tenant, model } = parseModelKey(key);
      return { tenant, route: { model }, variants: [{ name: 'champion', digest }] };
    }),
  });
}

/** A listing on disk: an encoded TrafficSnapshot. */
export const listingCodec: SnapshotCodec<Listing> = {
  encode: (listing) => toBinary(TrafficSnapshotSchema, snapshotOf(listing)),
  decode: (bytes) => listingOf(fromBinary(TrafficSnapshotSchema, bytes)),
};
