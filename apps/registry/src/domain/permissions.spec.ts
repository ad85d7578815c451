import { describe, expect, it } from '@jest/globals';
import { DeadLetterService } from '@plumbline/contract-events';
import { RegistryService, TenantService, TrafficService } from '@plumbline/contract-registry';
import { isPermitted, PERMISSIONS } from './permissions.ts';

const METHODS = [RegistryService, TenantService, TrafficService, DeadLetterService].flatMap((service) =>
  service.methods.map(({ name }) => `${service.typeName}/${name}`),
);
/** Written out once more, so that a right is never given by accident. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  trainer: ['RegisterVersion', 'AttachEvidence', 'GetVersion'],
  gateway: [
    ...['GetVersion', 'ListVersions', 'ListReleases', 'GetRollout', 'ListRetrainings'],
    ...['GetTrafficSnapshot', 'ReportReplica', 'WaitForEpoch'],
  ],
  inference: [
    ...['GetVersion', 'ListVersions', 'ListReleases', 'GetRollout', 'ListRetrainings'],
    ...['GetTrafficSnapshot', 'ReportReplica', 'WaitForEpoch'],
  ],
  monitor: ['GetVersion', 'ListVersions', 'ListReleases', 'GetRollout', 'ListRetrainings'],
  audit: ['GetVersion', 'ListVersions', 'ListReleases', 'GetRollout', 'ListRetrainings'],
  'feature-store': [],
  registry: [],
  stranger: [],
};

describe('the permission table', () => {
  it('names every method of the contract and no other', () => {
    expect([...PERMISSIONS.keys()].sort()).toEqual([...METHODS].sort());
  });

  it.each(Object.entries(MAY))('lets %s call just what it needs', (service, allowed) => {
    const permitted = METHODS.filter((method) => isPermitted(method, service));
    expect(permitted.map((method) => method.split('/')[1]).sort()).toEqual([...allowed].sort());
  });

  it('lets operators do all but report as a replica', () => {
    const refused = METHODS.filter((method) => !isPermitted(method, 'operator'));
    expect(refused).toEqual(['plumbline.registry.v1.TrafficService/ReportReplica']);
  });

  it('denies callers without a service and methods that it does not name', () => {
    expect(METHODS.filter((method) => isPermitted(method, undefined))).toEqual([]);
    expect(isPermitted('plumbline.registry.v1.RegistryService/Unknown', 'operator')).toBe(false);
    expect(isPermitted('toString', 'operator')).toBe(false);
  });
});
