import {
  desiredPlan,
  digestsOf,
  isLoadedEverywhere,
  releaseStack,
  samePlan,
  settlePlan,
  type ReplicaState,
  type TrafficPlan,
} from '@plumbline/release';
import { headOf, type Release } from './release.ts';
import type { Rollout } from './rollout.ts';
import type { RouteTraffic } from './traffic.ts';
import type { Tables } from './tables.ts';

/**
 * Brings the model's routes and kept versions in line with its ledger and its rollout, in the transaction that
 * changed one of them and took `epoch`.
 */
export async function settleModel(
  tables: Pick<Tables, 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic'>,
  model: string,
  epoch: bigint,
  nowUs: bigint,
): Promise<void> {
  const ledgers = await tables.releases.ledgers(model);
  const rollout = await tables.rollouts.running(model);
  const replicas = await tables.traffic.replicas(nowUs);
  const routes = await tables.routes.ofModel(model);
  const settled = routes.map((route) => {
    const desired = desiredOf(route.route.alias, ledgers, rollout);
    return settleRoute(request(route, desired, epoch), replicas, epoch);
  });
  for (const [index, route] of settled.entries()) {
    if (route !== routes[index]) await tables.routes.put(route);
  }
  await keepVersions(tables, model, wantedVersions(ledgers, rollout, settled), epoch);
}

function desiredOf(
  alias: string,
  ledgers: ReadonlyMap<string, readonly Release[]>,
  rollout: Rollout | undefined,
): TrafficPlan {
  const champion = headOf(ledgers.get(alias) ?? []);
  return desiredPlan(champion, rollout?.alias === alias ? rollout : undefined);
}

function request(route: RouteTraffic, desired: TrafficPlan, epoch: bigint): RouteTraffic {
  return samePlan(route.desired, desired) ? route : { ...route, desired, requestedEpoch: epoch };
}

/** The route after a change of its wish or of what is loaded; the same object when nothing follows from it. */
export function settleRoute(
  route: RouteTraffic,
  replicas: readonly ReplicaState[],
  epoch: bigint,
): RouteTraffic {
  const { plan, waitingFor } = settlePlan(route.plan, route.desired, (digest) =>
    isLoadedEverywhere(replicas, digest),
  );
  if (!samePlan(plan, route.plan)) return { ...route, plan, waitingFor, effectiveEpoch: epoch };
  return waitingFor.join() === route.waitingFor.join() ? route : { ...route, waitingFor };
}

/**
 * What inference replicas keep loaded: what every alias points at and would roll back to, the candidate of the
 * running rollout, and whatever a route names.
 */
function wantedVersions(
  ledgers: ReadonlyMap<string, readonly Release[]>,
  rollout: Rollout | undefined,
  routes: readonly RouteTraffic[],
): Set<string> {
  const released = [...ledgers.values()].flatMap((ledger) => releaseStack(ledger).slice(-2));
  return new Set([
    ...released.map(({ digest }) => digest),
    ...(rollout ? [rollout.candidate] : []),
    ...routes.flatMap(({ plan, desired }) => [...digestsOf(plan), ...digestsOf(desired)]),
  ]);
}

async function keepVersions(
  { kept }: Pick<Tables, 'kept'>,
  model: string,
  wanted: ReadonlySet<string>,
  epoch: bigint,
): Promise<void> {
  const present = new Map((await kept.ofModel(model)).map(({ digest, released }) => [digest, released]));
  for (const digest of wanted) {
    if (present.get(digest) !== false) await kept.keep(model, digest);
  }
  for (const [digest, released] of present) {
    if (!released && !wanted.has(digest)) await kept.release(model, digest, epoch);
  }
}
