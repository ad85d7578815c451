/** What this tool reads of a package-lock.json (lockfileVersion 3). */
export interface Lockfile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface LockedPackage {
  readonly version?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly [field: string]: unknown;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * The lockfile of a service that depends on some of the workspace's packages: those and all that they need, at the
 * same versions and in the same places, so that an image holds what was tested.
 */
export function pruneLockfile(
  lockfile: Lockfile,
  manifest: Manifest,
): Lockfile & { name: string; version: string } {
  const kept = new Map<string, LockedPackage>();
  const open = Object.keys(manifest.dependencies).flatMap((name) => locate(lockfile, '', name));
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const entry = lockfile.packages[path];
    if (!entry || kept.has(path)) continue;
    const { dev: _dev, devOptional: _devOptional, ...runtime } = entry;
    kept.set(path, runtime);
    for (const name of needsOf(entry)) open.push(...locate(lockfile, path, name));
  }
  const { name, version, dependencies } = manifest;
  const sorted = [...kept].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    name,
    version,
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name, version, dependencies }, ...Object.fromEntries(sorted) },
  } as Lockfile & { name: string; version: string };
}

function needsOf(entry: LockedPackage): string[] {
  const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = entry;
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
}

/**
 * Where Node finds `name` when imported from the package at `from`: the nearest node_modules upwards. Nothing when the
 * lockfile has none, as with builds for other platforms.
 */
function locate(lockfile: Lockfile, from: string, name: string): string[] {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    const candidate = `${base}${base ? '/' : ''}node_modules/${name}`;
    if (lockfile.packages[candidate]) return [candidate];
    if (base === '') return [];
  }
}
