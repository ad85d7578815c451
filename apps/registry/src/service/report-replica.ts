import type { ReportReplicaRequest } from '@plumbline/contract-registry';
import { renewLease, settleReplicas } from '../domain/report-replica.ts';
import type { Replica } from '../domain/traffic.ts';
import { NO_TENANT, type Registry, type TrafficHandler } from './handler.ts';
import { isBetween, isPresent, isText, isVersionDigest, requireValid, rule } from './validate.ts';

/** Two transactions, so that of two replicas which report at the same time the later one sees the other. */
export const reportReplica =
  ({ store, clock, changes, leaseUs }: Registry): TrafficHandler<'reportReplica'> =>
  async (request, context) => {
    requireValid(...violationsOf(request));
    const nowUs = clock.nowUs();
    const lease = { leaving: request.leaving, expiresAtUs: nowUs + leaseUs };
    await store.transaction(NO_TENANT, context, (tables) => renewLease(tables, replicaOf(request), lease));
    const epoch = await store.transaction(NO_TENANT, context, (tables) => settleReplicas(tables, nowUs));
    changes.notify();
    return { epoch };
  };

function violationsOf({ replicaId, kind, epoch, loadedDigests, failures }: ReportReplicaRequest) {
  return [
    isPresent('replica_id', replicaId, 100),
    rule(kind === 'gateway' || kind === 'inference', 'kind', 'is neither gateway nor inference'),
    rule(epoch >= 0n, 'epoch', 'is negative'),
    isBetween('loaded_digests', loadedDigests.length, 0, 10_000),
    loadedDigests.flatMap((digest, index) => isVersionDigest(`loaded_digests[${index}]`, digest)),
    failures.flatMap(({ digest, detail }, index) => [
      ...isVersionDigest(`failures[${index}].digest`, digest),
      ...isText(`failures[${index}].detail`, detail),
    ]),
  ];
}

function replicaOf({ replicaId, kind, epoch, loadedDigests, failures }: ReportReplicaRequest): Replica {
  return {
    id: replicaId,
    kind: kind === 'gateway' ? 'gateway' : 'inference',
    epoch,
    loaded: new Set(loadedDigests),
    failures: failures.map(({ digest, reason, detail }) => ({ digest, reason, detail })),
  };
}
