import type { TrafficSnapshot } from '@plumbline/contract-registry';
import { connectEvents, type EventBus } from '@plumbline/events';
import { silentLog } from '@plumbline/testing';
import type { Harness } from './harness.ts';

export interface FakeReplica {
  readonly id: string;
  readonly snapshot: TrafficSnapshot | undefined;
  /** Digests that it is to fail on, or to be slow with, instead of loading them at once. */
  readonly broken: Set<string>;
  /** Reads the snapshot and reports, as a real one does on a hint. */
  follow(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Follows traffic as gateways and inference replicas do: on every hint it reads the snapshot, "loads" at once what is
 * not in `broken`, and reports.
 */
export async function startReplica(
  harness: Harness,
  kind: 'gateway' | 'inference',
  id: string,
): Promise<FakeReplica> {
  const { traffic } = harness.as(kind);
  const broken = new Set<string>();
  let snapshot: TrafficSnapshot | undefined;
  let following = Promise.resolve();
  let closed = false;

  async function follow(): Promise<void> {
    const answer = await traffic.getTrafficSnapshot({ knownEpoch: snapshot?.epoch ?? 0n });
    snapshot = answer.snapshot ?? snapshot;
    const wanted = kind === 'inference' ? (snapshot?.versions ?? []).map(({ digest }) => digest) : [];
    await traffic.reportReplica({
      ...{ replicaId: id, kind, epoch: snapshot?.epoch ?? 0n },
      loadedDigests: [...new Set(wanted)].filter((digest) => !broken.has(digest)),
      failures: wanted
        .filter((digest) => broken.has(digest))
        .map((digest) => ({ digest, reason: 'ARTIFACT_CORRUPT', detail: 'model.onnx' })),
    });
  }
  const enqueue = (): Promise<void> => {
    following = following.then(() => (closed ? undefined : follow()));
    return following;
  };

  const bus: EventBus = await connectEvents({ url: harness.natsUrl, service: id, log: silentLog });
  const stop = bus.subscribeHints('plumbline.registry.traffic-changed', () => void enqueue());
  await enqueue();
  return {
    id,
    broken,
    get snapshot() {
      return snapshot;
    },
    follow: enqueue,
    async close() {
      closed = true;
      stop();
      await following;
      await bus.close();
    },
  };
}
