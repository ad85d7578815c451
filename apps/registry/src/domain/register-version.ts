import { manifestDigest, sortFiles, type ManifestFile, type Measurement } from '@plumbline/release';
import type { Call } from './call.ts';
import { decided } from './event.ts';
import { lockModel } from './refuse.ts';
import type { Tables } from './tables.ts';
import type { ModelVersion, Provenance } from './version.ts';

export interface RegisterVersion {
  readonly model: string;
  /** Verified against the object store: see `verifyArtifacts`. */
  readonly files: readonly ManifestFile[];
  readonly provenance: Provenance;
  readonly metrics: readonly Measurement[];
}

export interface Registered {
  readonly version: ModelVersion;
  readonly existed: boolean;
}

/**
 * Registers a version under the digest of its manifest. The same content again answers with the version as it was
 * first registered. A version that came of a job which a retraining rule asked for becomes that firing's candidate.
 */
export async function registerVersion(
  tables: Pick<Tables, 'models' | 'versions' | 'retrainings' | 'events'>,
  call: Call,
  { model, files, provenance, metrics }: RegisterVersion,
): Promise<Registered> {
  await lockModel(tables, model);
  const digest = manifestDigest(files);
  const present = await tables.versions.byDigest(model, digest);
  if (provenance.jobId !== '') await tables.retrainings.propose(provenance.jobId, digest);
  if (present) return { version: present, existed: true };
  const version: ModelVersion = {
    model,
    digest,
    provenance,
    metrics,
    files: sortFiles(files),
    number: await tables.models.nextNumber(model),
    registeredAtUs: call.nowUs,
    registeredBy: call.actor,
  };
  await tables.versions.insert(version);
  await tables.events.publish(
    call.nowUs,
    { kind: 'version-registered', version },
    decided(call, registrationOf(version)),
  );
  return { version, existed: false };
}

function registrationOf({ model, digest, number, provenance }: ModelVersion) {
  return {
    action: 'version_registered',
    subject: `model/${model}`,
    outcome: digest,
    reasons: [`number ${number}; trained on ${provenance.datasetDigest || 'an unnamed data set'}`],
  };
}
