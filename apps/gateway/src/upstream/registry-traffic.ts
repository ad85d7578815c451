import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  TrafficSnapshotSchema,
  type TrafficService,
  type TrafficSnapshot,
} from '@plumbline/contract-registry';
import type { Client } from '@plumbline/rpc';
import type { SnapshotCodec, SnapshotSource } from '@plumbline/service';

const TIMEOUT_MS = 2_000;

/** The registry's traffic snapshot, followed as a gateway. */
export function registryTraffic(
  client: Client<typeof TrafficService>,
  replicaId: string,
): SnapshotSource<TrafficSnapshot> {
  return {
    async fetch(knownEpoch) {
      const { epoch, snapshot } = await client.getTrafficSnapshot({ knownEpoch }, { timeoutMs: TIMEOUT_MS });
      // Epoch 0 is that of a registry where nothing was ever released: an empty snapshot, and a known one.
      return snapshot ?? (epoch === 0n ? create(TrafficSnapshotSchema, { epoch }) : undefined);
    },
    async report(epoch, leaving) {
      await client.reportReplica({ replicaId, kind: 'gateway', epoch, leaving }, { timeoutMs: TIMEOUT_MS });
    },
  };
}

/** A traffic snapshot on disk. */
export const trafficCodec: SnapshotCodec<TrafficSnapshot> = {
  encode: (snapshot) => toBinary(TrafficSnapshotSchema, snapshot),
  decode: (bytes) => fromBinary(TrafficSnapshotSchema, bytes),
};
