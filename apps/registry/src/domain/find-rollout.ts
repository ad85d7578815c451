import { errors } from './errors.ts';
import { isInEffect, type Rollout } from './rollout.ts';
import type { Tables } from './tables.ts';

export interface FoundRollout {
  readonly rollout: Rollout;
  readonly inEffect: boolean;
}

/** The rollout, and whether every live replica acts by its step. @throws ServiceError ROLLOUT_NOT_FOUND */
export async function findRollout(
  tables: Pick<Tables, 'rollouts' | 'routes' | 'traffic'>,
  id: string,
  nowUs: bigint,
): Promise<FoundRollout> {
  const rollout = await requireRollout(tables, id);
  const routes = await tables.routes.ofModel(rollout.model);
  const replicas = await tables.traffic.replicas(nowUs);
  return { rollout, inEffect: isInEffect(rollout, routes, replicas) };
}

/** @throws ServiceError ROLLOUT_NOT_FOUND */
export async function requireRollout({ rollouts }: Pick<Tables, 'rollouts'>, id: string): Promise<Rollout> {
  const rollout = await rollouts.byId(id);
  if (rollout) return rollout;
  throw errors.ROLLOUT_NOT_FOUND(`no rollout ${id} in this tenant`, { metadata: { rollout: id } });
}
