import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ProvenanceSchema, VersionSchema } from '@plumbline/contract-registry';
import type { Provenance as ProvenanceMessage } from '@plumbline/contract-registry';
import type { DescribedVersion, ModelVersion, Provenance } from '../domain/version.ts';
import { evidenceMessageOf } from './evidence.ts';
import { metricOf, objectRefOf } from './measurement.ts';

export function provenanceOf(message: ProvenanceMessage | undefined): Provenance {
  return {
    datasetDigest: message?.datasetDigest ?? '',
    featureService: message?.featureService ?? '',
    featureServiceVersion: message?.featureServiceVersion ?? 0,
    viewVersions: message?.viewVersions ?? {},
    parametersJson: message?.parametersJson ?? '',
    codeCommit: message?.codeCommit ?? '',
    seed: message?.seed ?? 0n,
    jobId: message?.jobId ?? '',
  };
}

export function provenanceMessageOf(provenance: Provenance): MessageInitShape<typeof ProvenanceSchema> {
  return { ...provenance, viewVersions: { ...provenance.viewVersions } };
}

/** Without evidence and aliases, as the version was registered. */
export function registeredVersionOf(version: ModelVersion): MessageInitShape<typeof VersionSchema> {
  return registered(version);
}

export function versionOf(version: DescribedVersion): MessageInitShape<typeof VersionSchema> {
  return {
    ...registered(version),
    evidence: version.evidence.map(evidenceMessageOf),
    aliases: [...version.aliases],
  };
}

function registered({ files, provenance, metrics, ...version }: ModelVersion) {
  const { model, digest, number, registeredAtUs, registeredBy } = version;
  return {
    model,
    digest,
    number,
    files: files.map(objectRefOf),
    provenance: provenanceMessageOf(provenance),
    metrics: metrics.map(metricOf),
    registeredAtUs,
    registeredBy,
  };
}
