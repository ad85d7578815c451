import { RegistryService, TenantService, TrafficService } from '@plumbline/contract-registry';
import { implement, type Implementation } from '@plumbline/rpc';
import { abortRollout } from './abort-rollout.ts';
import { advanceRollout } from './advance-rollout.ts';
import { attachEvidence } from './attach-evidence.ts';
import { createApiKey } from './create-api-key.ts';
import { createModel } from './create-model.ts';
import { createTenant } from './create-tenant.ts';
import { evaluateGate } from './evaluate-gate.ts';
import { getRollout } from './get-rollout.ts';
import { getTrafficSnapshot } from './get-traffic-snapshot.ts';
import { getVersion } from './get-version.ts';
import type { Registry } from './handler.ts';
import { listApiKeys } from './list-api-keys.ts';
import { listReleases } from './list-releases.ts';
import { listRetrainings } from './list-retrainings.ts';
import { listVersions } from './list-versions.ts';
import { moveAlias } from './move-alias.ts';
import { putRetrainingRule } from './put-retraining-rule.ts';
import { putRoute } from './put-route.ts';
import { registerVersion } from './register-version.ts';
import { reportReplica } from './report-replica.ts';
import { revokeApiKey } from './revoke-api-key.ts';
import { rollBack } from './roll-back.ts';
import { startRollout } from './start-rollout.ts';
import { waitForEpoch } from './wait-for-epoch.ts';

/** Every RPC of the registry. */
export function implementations(registry: Registry): Implementation[] {
  return [
    implement(RegistryService, {
      createModel: createModel(registry),
      registerVersion: registerVersion(registry),
      getVersion: getVersion(registry),
      listVersions: listVersions(registry),
      attachEvidence: attachEvidence(registry),
      evaluateGate: evaluateGate(registry),
      moveAlias: moveAlias(registry),
      rollback: rollBack(registry),
      listReleases: listReleases(registry),
      startRollout: startRollout(registry),
      advanceRollout: advanceRollout(registry),
      abortRollout: abortRollout(registry),
      getRollout: getRollout(registry),
      putRoute: putRoute(registry),
      putRetrainingRule: putRetrainingRule(registry),
      listRetrainings: listRetrainings(registry),
    }),
    implement(TenantService, {
      createTenant: createTenant(registry),
      createApiKey: createApiKey(registry),
      revokeApiKey: revokeApiKey(registry),
      listApiKeys: listApiKeys(registry),
    }),
    implement(TrafficService, {
      getTrafficSnapshot: getTrafficSnapshot(registry),
      reportReplica: reportReplica(registry),
      waitForEpoch: waitForEpoch(registry),
    }),
  ];
}
