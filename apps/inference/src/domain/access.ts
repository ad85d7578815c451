/** The settings that decide who may call. */
export interface AccessSettings {
  readonly host: string;
  readonly serviceSecret: string | undefined;
  readonly modelRepository: string | undefined;
  readonly anonymousTenant: string | undefined;
  readonly allowAnonymousNetwork: boolean;
}

const NOBODY = '-';

/** The tenant that calls without credentials act for; undefined where they are refused. */
export function anonymousTenant(settings: AccessSettings): string | undefined {
  const { anonymousTenant: named, modelRepository } = settings;
  if (named === NOBODY) return undefined;
  return named ?? (modelRepository === undefined ? undefined : 'default');
}

/** The tenant that owns the models of a repository. */
export function repositoryTenant(settings: AccessSettings): string {
  return anonymousTenant(settings) ?? 'default';
}

/** What is wrong with the settings taken together, one sentence each. */
export function accessProblems(settings: AccessSettings): readonly string[] {
  const { host, serviceSecret, modelRepository, allowAnonymousNetwork } = settings;
  const tenant = anonymousTenant(settings);
  const problems: string[] = [];
  if (serviceSecret === undefined && modelRepository === undefined) {
    problems.push('SERVICE_SECRET is required (secret): or set MODEL_REPOSITORY to serve a folder of models');
  } else if (serviceSecret === undefined && tenant === undefined) {
    problems.push('SERVICE_SECRET is required where ANONYMOUS_TENANT=- refuses calls without credentials');
  }
  if (tenant !== undefined && !isTenantName(tenant)) {
    problems.push(`ANONYMOUS_TENANT="${tenant}" is not of the form [A-Za-z0-9][A-Za-z0-9._-]*`);
  }
  if (tenant !== undefined && !isLoopback(host) && !allowAnonymousNetwork) {
    problems.push(
      `HOST="${host}" would let anyone who reaches this machine call without credentials: set ` +
        'ALLOW_ANONYMOUS_NETWORK=true where the network keeps strangers out, or SERVICE_SECRET and ANONYMOUS_TENANT=-',
    );
  }
  return problems;
}

function isTenantName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(text);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
