import { describe, expect, it } from '@jest/globals';
import { NO_TRAFFIC } from '@plumbline/release';
import { epochProgress } from './epoch-progress.ts';
import type { Replica, RouteTraffic } from './traffic.ts';

const route = (over: Partial<RouteTraffic>): RouteTraffic => ({
  tenant: 'acme',
  route: {
    ...{ name: 'r', model: 'm', alias: 'champion', featureService: '', featureServiceVersion: 0 },
    ...{ auditClass: 'standard', payloadPolicy: 'full', payloadSampleBp: 0 },
  },
  salt: '',
  desired: NO_TRAFFIC,
  plan: NO_TRAFFIC,
  waitingFor: [],
  requestedEpoch: 5n,
  effectiveEpoch: 5n,
  ...over,
});
const replica = (id: string, kind: Replica['kind'], epoch: bigint, over: Partial<Replica> = {}): Replica => ({
  ...{ id, kind, epoch, loaded: new Set<string>(), failures: [] },
  ...over,
});
const gateway = replica('g', 'gateway', 5n);
const failure = { digest: 'd', reason: 'ARTIFACT_CORRUPT', detail: '' };

describe('epochProgress', () => {
  it.each([
    ['all replicas act by it', 5n, [], [gateway], { state: 'in-effect', epoch: 5n, replicaIds: ['g'] }],
    ['a replica lags', 5n, [], [gateway, replica('i', 'inference', 4n)], { state: 'waiting', behind: ['i'] }],
    [
      'there is no replica',
      5n,
      [],
      [],
      { state: 'waiting', behind: ['every replica (none has a live lease)'] },
    ],
    ['it is in the future', 6n, [], [gateway], { state: 'waiting', behind: ['registry (at epoch 5)'] }],
    [
      'a version is being loaded',
      ...[5n, [route({ waitingFor: ['d'] })], [gateway, replica('i', 'inference', 5n)]],
      { state: 'waiting', behind: ['i'] },
    ],
    [
      'nobody can load a version',
      ...[5n, [route({ waitingFor: ['d'] })], [gateway]],
      { state: 'waiting', behind: ['every inference replica (none has a live lease)'] },
    ],
    [
      'a version could not be loaded',
      ...[5n, [route({ waitingFor: ['d'] })], [replica('i', 'inference', 5n, { failures: [failure] })]],
      { state: 'failed', replicaId: 'i', failure },
    ],
    [
      'another version could not be loaded',
      ...[5n, [], [replica('i', 'inference', 5n, { failures: [failure] })]],
      { state: 'in-effect', epoch: 5n, replicaIds: ['i'] },
    ],
    [
      'its versions were loaded at a later epoch that a replica has yet to take up',
      ...[4n, [route({ effectiveEpoch: 5n })], [gateway, replica('h', 'gateway', 4n)]],
      { state: 'waiting', behind: ['h'] },
    ],
    [
      'its versions were loaded at a later epoch',
      ...[4n, [route({ effectiveEpoch: 5n })], [gateway]],
      { state: 'in-effect', epoch: 5n, replicaIds: ['g'] },
    ],
  ] as [string, bigint, RouteTraffic[], Replica[], object][])(
    'when %s',
    (_name, epoch, routes, replicas, progress) => {
      expect(epochProgress(epoch, { current: 5n, routes, replicas })).toEqual(progress);
    },
  );
});
