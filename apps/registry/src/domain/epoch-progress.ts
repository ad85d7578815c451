import type { LoadFailure, Replica, RouteTraffic } from './traffic.ts';

export interface EpochState {
  /** The current epoch. */
  readonly current: bigint;
  /** Routes whose wish the epoch made. */
  readonly routes: readonly RouteTraffic[];
  readonly replicas: readonly Replica[];
}

export type EpochProgress =
  | { readonly state: 'in-effect'; readonly epoch: bigint; readonly replicaIds: readonly string[] }
  | { readonly state: 'waiting'; readonly behind: readonly string[] }
  | { readonly state: 'failed'; readonly replicaId: string; readonly failure: LoadFailure };

/**
 * Whether the change that made an epoch is in effect: no route waits for its versions, and every live replica acts
 * by the epoch that carries them. Without any live replica nothing is in effect. A route that a later change took
 * over is no longer this epoch's concern.
 */
export function epochProgress(epoch: bigint, { current, routes, replicas }: EpochState): EpochProgress {
  const awaited = new Set(routes.flatMap(({ waitingFor }) => waitingFor));
  const failed = replicas
    .flatMap(({ id, failures }) => failures.map((failure) => ({ replicaId: id, failure })))
    .find(({ failure }) => awaited.has(failure.digest));
  if (failed) return { state: 'failed', ...failed };
  if (epoch > current) return { state: 'waiting', behind: [`registry (at epoch ${current})`] };
  if (replicas.length === 0) return { state: 'waiting', behind: ['every replica (none has a live lease)'] };
  if (awaited.size > 0) return { state: 'waiting', behind: notLoaded(replicas, awaited) };
  const effective = routes.reduce(
    (latest, { effectiveEpoch }) => (effectiveEpoch > latest ? effectiveEpoch : latest),
    epoch,
  );
  const behind = replicas.filter((replica) => replica.epoch < effective).map(({ id }) => id);
  if (behind.length > 0) return { state: 'waiting', behind };
  return { state: 'in-effect', epoch: effective, replicaIds: replicas.map(({ id }) => id).sort() };
}

function notLoaded(replicas: readonly Replica[], awaited: ReadonlySet<string>): string[] {
  const loading = replicas.filter(
    ({ kind, loaded }) => kind === 'inference' && [...awaited].some((digest) => !loaded.has(digest)),
  );
  return loading.length > 0
    ? loading.map(({ id }) => id)
    : ['every inference replica (none has a live lease)'];
}
