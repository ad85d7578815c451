/** Who may call what: service identity by method, deny by default. The tenant and the caller behind it do not count. */

/** Identities that act for people: the launcher of a deployment, the console, the command line. */
const OPERATORS = ['operator', 'launcher', 'console', 'cli'] as const;
/** Services that follow traffic. */
const REPLICAS = ['gateway', 'inference'] as const;
const READERS = [...OPERATORS, ...REPLICAS, 'monitor', 'audit'] as const;

const registry = (method: string): string => `plumbline.registry.v1.RegistryService/${method}`;
const tenants = (method: string): string => `plumbline.registry.v1.TenantService/${method}`;
const traffic = (method: string): string => `plumbline.registry.v1.TrafficService/${method}`;

const deadLetters = (method: string): string => `plumbline.events.v1.DeadLetterService/${method}`;

const TABLE: Readonly<Record<string, readonly string[]>> = {
  [registry('CreateModel')]: OPERATORS,
  // The trainer proposes: it registers, attaches what it measured and reads the versions that it is to score.
  [registry('RegisterVersion')]: [...OPERATORS, 'trainer'],
  [registry('AttachEvidence')]: [...OPERATORS, 'trainer'],
  [registry('GetVersion')]: [...READERS, 'trainer'],
  [registry('ListVersions')]: READERS,
  [registry('EvaluateGate')]: OPERATORS,
  [registry('MoveAlias')]: OPERATORS,
  [registry('Rollback')]: OPERATORS,
  [registry('ListReleases')]: READERS,
  [registry('StartRollout')]: OPERATORS,
  [registry('AdvanceRollout')]: OPERATORS,
  [registry('AbortRollout')]: OPERATORS,
  [registry('GetRollout')]: READERS,
  [registry('PutRoute')]: OPERATORS,
  [registry('PutRetrainingRule')]: OPERATORS,
  [registry('ListRetrainings')]: READERS,
  [tenants('CreateTenant')]: OPERATORS,
  [tenants('CreateApiKey')]: OPERATORS,
  [tenants('RevokeApiKey')]: OPERATORS,
  [tenants('ListApiKeys')]: OPERATORS,
  [traffic('GetTrafficSnapshot')]: [...OPERATORS, ...REPLICAS],
  [traffic('ReportReplica')]: REPLICAS,
  [traffic('WaitForEpoch')]: [...OPERATORS, ...REPLICAS],
  [deadLetters('ListDeadLetters')]: OPERATORS,
  [deadLetters('ReplayDeadLetters')]: OPERATORS,
};

/** Method path → services that may call it. */
export const PERMISSIONS: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(TABLE));

/** Whether a service may call a method. Unknown methods and unknown services may nothing. */
export function isPermitted(method: string, service: string | undefined): boolean {
  return service !== undefined && (PERMISSIONS.get(method)?.includes(service) ?? false);
}
