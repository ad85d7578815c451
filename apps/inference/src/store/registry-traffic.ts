import { TrafficService } from '@plumbline/contract-registry';
import { createClient, type Channel } from '@plumbline/rpc';
import type { SnapshotSource } from '@plumbline/service';
import type { Listing, LoadState } from '../domain/traffic.ts';
import { listingOf } from './listing-snapshot.ts';

/** The registry over gRPC. A report carries what `loadState` says at that moment. */
export function registryTraffic(
  channel: Channel,
  replicaId: string,
  timeoutMs: number,
  loadState: () => LoadState,
): SnapshotSource<Listing> {
  const client = createClient(TrafficService, channel);
  return {
    async fetch(knownEpoch) {
      const { epoch, snapshot } = await client.getTrafficSnapshot({ knownEpoch }, { timeoutMs });
      if (snapshot !== undefined) return listingOf(snapshot);
      // Epoch 0 is that of a registry where nothing was ever released: an empty listing, and a known one.
      return epoch === 0n ? { epoch, versions: [], champions: new Map() } : undefined;
    },
    async report(epoch, leaving) {
      const { loadedDigests, failures } = loadState();
      const loaded = { loadedDigests: [...loadedDigests], failures: [...failures] };
      await client.reportReplica({ replicaId, kind: 'inference', epoch, ...loaded, leaving }, { timeoutMs });
    },
  };
}
