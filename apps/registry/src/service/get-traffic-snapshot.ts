import type { TrafficSnapshot } from '../domain/traffic.ts';
import { snapshotOf } from '../messages/traffic.ts';
import { NO_TENANT, type Registry, type TrafficHandler } from './handler.ts';

/** One small query when nothing changed. The newest snapshot is kept, for every replica asks for the same. */
export const getTrafficSnapshot = ({ store }: Registry): TrafficHandler<'getTrafficSnapshot'> => {
  let newest: TrafficSnapshot | undefined;
  return async ({ knownEpoch }, context) => {
    const epoch = await store.read(NO_TENANT, context, ({ traffic }) => traffic.epoch());
    if (epoch === knownEpoch) return { epoch };
    if (newest?.epoch !== epoch) {
      newest = await store.read(NO_TENANT, context, ({ traffic }) => traffic.snapshot());
    }
    return { epoch: newest.epoch, snapshot: snapshotOf(newest) };
  };
};
