import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { ObjectRef } from '@plumbline/contract-common';
import { VersionSchema, type RegistryService, type Version } from '@plumbline/contract-registry';
import { hasReason } from '@plumbline/errors';
import type { ObjectStore } from '@plumbline/objects';
import type { Client, Log } from '@plumbline/rpc';
import type { Profile } from '@plumbline/statistics';
import { monitoredVersion, type MonitoredVersion, type Versions } from '../domain/monitored-version.ts';
import { offlineMetric } from '../messages/metric-message.ts';
import { MAX_PROFILE_BYTES, profileOf } from '../messages/profile.ts';
import type { KnownVersion, KnownVersions } from '../store/known-versions.ts';

export interface RegistryVersionsOptions {
  readonly registry: Client<typeof RegistryService>;
  readonly objects: ObjectStore;
  readonly known: KnownVersions;
  readonly log: Log;
  /** Versions kept ready in memory. */
  readonly capacity?: number;
}

export interface RegistryVersions extends Versions {
  /** Takes in a version that the registry announced, without asking for it. */
  readonly learn: (tenant: string, version: Version) => Promise<void>;
}

const BASELINE = 'baseline.pb';

/**
 * Versions as the registry and the object store hold them, kept in the database at first sight and in memory while
 * they are in use. They never change, so nothing here expires. UNAVAILABLE while a version that was never seen can
 * not be asked for.
 */
export function registryVersions(options: RegistryVersionsOptions): RegistryVersions {
  const { registry, objects, known, log, capacity = 64 } = options;
  const ready = new Map<string, Promise<MonitoredVersion>>();

  async function fetch(tenant: string, model: string, digest: string): Promise<KnownVersion> {
    const { version } = await registry.getVersion(
      { model, which: { case: 'digest', value: digest } },
      { tenant },
    );
    return describe(objects, version, log);
  }

  async function load(tenant: string, model: string, digest: string): Promise<MonitoredVersion> {
    const stored = await known.find(tenant, model, digest);
    if (stored !== undefined) return decode(digest, stored, log);
    const fetched = await fetch(tenant, model, digest).catch(absentAsUndefined);
    if (fetched === undefined) return monitoredVersion(digest, undefined, []);
    await known.keep(tenant, model, digest, fetched);
    return decode(digest, fetched, log);
  }

  return {
    async get(tenant, model, digest) {
      const key = keyOf(tenant, model, digest);
      const version = ready.get(key) ?? load(tenant, model, digest);
      ready.delete(key);
      ready.set(key, version);
      const [oldest] = ready.keys();
      if (ready.size > capacity && oldest !== undefined) ready.delete(oldest);
      return version.catch((error: unknown) => {
        if (ready.get(key) === version) ready.delete(key);
        throw error;
      });
    },
    async learn(tenant, version) {
      await known.keep(tenant, version.model, version.digest, await describe(objects, version, log));
      ready.delete(keyOf(tenant, version.model, version.digest));
    },
  };
}

function keyOf(...parts: string[]): string {
  return parts.join('\0');
}

async function describe(objects: ObjectStore, version: Version | undefined, log: Log): Promise<KnownVersion> {
  const file = version?.files.find(({ path }) => path === BASELINE);
  return {
    baseline: file === undefined ? undefined : await readBaseline(objects, file, log),
    metrics: version === undefined ? Buffer.alloc(0) : Buffer.from(toBinary(VersionSchema, version)),
  };
}

/** A file that is too large for a profile is not even read, nor kept. */
async function readBaseline(
  objects: ObjectStore,
  { digest, sizeBytes }: ObjectRef,
  log: Log,
): Promise<Buffer | undefined> {
  if (sizeBytes <= MAX_PROFILE_BYTES) return objects.get(digest);
  log.error(
    { digest, sizeBytes: String(sizeBytes) },
    'baseline.pb is too large for a profile; monitored without one',
  );
  return undefined;
}

/** A version of another deployment's registry, or none at all: predictions count, drift cannot be judged. */
function absentAsUndefined(error: unknown): undefined {
  if (hasReason(error, 'VERSION_NOT_FOUND') || hasReason(error, 'MODEL_NOT_FOUND')) return undefined;
  throw error;
}

function decode(digest: string, { baseline, metrics }: KnownVersion, log: Log): MonitoredVersion {
  const offline = fromBinary(VersionSchema, metrics).metrics.map(offlineMetric);
  return monitoredVersion(digest, baseline && readableProfile(digest, baseline, log), offline);
}

/** A file that is no profile costs the version its drift, and must not cost it its predictions. */
function readableProfile(digest: string, baseline: Buffer, log: Log): Profile | undefined {
  try {
    return profileOf(baseline);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ digest, reason }, 'baseline.pb is no profile; the version is monitored without one');
    return undefined;
  }
}
