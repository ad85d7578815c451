import type { Replica, RouteTraffic } from './traffic.ts';
import { settleRoute } from './settle-model.ts';
import type { Tables } from './tables.ts';

/** Renews a replica's lease, or gives it back. Commit it before `settleReplicas`, so that concurrent reports meet. */
export async function renewLease(
  { traffic }: Pick<Tables, 'traffic'>,
  replica: Replica,
  { leaving, expiresAtUs }: { readonly leaving: boolean; readonly expiresAtUs: bigint },
): Promise<void> {
  if (leaving) await traffic.leave(replica.id);
  else await traffic.renew(replica, expiresAtUs);
}

/**
 * Draws the consequences of what replicas reported: routes whose awaited versions are loaded everywhere go over to
 * them, and versions that no gateway can name any more are dropped. Either makes a new epoch. Returns the epoch now.
 */
export async function settleReplicas(
  { traffic, events }: Pick<Tables, 'traffic' | 'events'>,
  nowUs: bigint,
): Promise<bigint> {
  const pulse = await traffic.pulse();
  if (!pulse.unsettled) return pulse.epoch;
  const held = await traffic.hold();
  const replicas = await traffic.replicas(nowUs);
  const routes = await traffic.waitingRoutes();
  const settled = changedRoutes(routes, replicas, held + 1n);
  const droppedBy = acknowledgedByGateways(replicas);
  const drops = droppedBy === undefined ? 0 : await traffic.releasedBy(droppedBy);
  if (settled.length === 0 && drops === 0) return held;
  const epoch = await traffic.nextEpoch();
  for (const route of settled) await traffic.settle(route);
  if (droppedBy !== undefined && drops > 0) await traffic.drop(droppedBy);
  await events.publish(nowUs, { kind: 'traffic-changed', epoch });
  return epoch;
}

function changedRoutes(
  routes: readonly RouteTraffic[],
  replicas: readonly Replica[],
  epoch: bigint,
): RouteTraffic[] {
  return routes.flatMap((route) => {
    const settled = settleRoute(route, replicas, epoch);
    return settled === route ? [] : [settled];
  });
}

/** The epoch that every live gateway acts by; undefined when there is none, for then nobody can say what is named. */
function acknowledgedByGateways(replicas: readonly Replica[]): bigint | undefined {
  const epochs = replicas.filter(({ kind }) => kind === 'gateway').map(({ epoch }) => epoch);
  return epochs.length === 0 ? undefined : epochs.reduce((least, epoch) => (epoch < least ? epoch : least));
}
