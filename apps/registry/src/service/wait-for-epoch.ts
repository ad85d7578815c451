import type { CallContext } from '@plumbline/rpc';
import { epochProgress, type EpochProgress } from '../domain/epoch-progress.ts';
import { errors } from '../domain/errors.ts';
import { NO_TENANT, type Registry, type TrafficHandler } from './handler.ts';
import { requireValid, rule } from './validate.ts';

/** How often the truth is looked at without having heard from a replica: another registry may have. */
const POLL_MS = 100;
/** Kept back from the deadline, so that the answer still names who lags. */
const ANSWER_MS = 50;

export const waitForEpoch =
  (registry: Registry): TrafficHandler<'waitForEpoch'> =>
  async ({ epoch }, context) => {
    requireValid(rule(epoch > 0n, 'epoch', 'is not greater than 0'));
    for (;;) {
      const progress = await look(registry, context, epoch);
      if (progress.state === 'in-effect') {
        return { epoch: progress.epoch, replicaIds: [...progress.replicaIds] };
      }
      if (progress.state === 'failed') throw notLoadable(progress);
      const leftMs = context.remainingMs() - ANSWER_MS;
      if (leftMs <= 0) throw behind(epoch, progress.behind);
      await registry.changes.wait(Math.min(POLL_MS, leftMs), context.signal);
      context.signal.throwIfAborted();
    }
  };

function look({ store, clock }: Registry, context: CallContext, epoch: bigint): Promise<EpochProgress> {
  return store.read(NO_TENANT, context, async ({ traffic }) =>
    epochProgress(epoch, {
      current: await traffic.epoch(),
      routes: await traffic.routesRequestedBy(epoch),
      replicas: await traffic.replicas(clock.nowUs()),
    }),
  );
}

function behind(epoch: bigint, who: readonly string[]) {
  return errors.REPLICAS_BEHIND(`epoch ${epoch} is not in effect: waiting for ${who.join(', ')}`, {
    metadata: { epoch: epoch.toString(), behind: who.join(',') },
  });
}

function notLoadable({ replicaId, failure }: EpochProgress & { readonly state: 'failed' }) {
  const { digest, reason, detail } = failure;
  return errors.VERSION_NOT_LOADABLE(`replica ${replicaId} could not load ${digest}: ${reason} ${detail}`, {
    metadata: { replica: replicaId, digest, reason },
  });
}
