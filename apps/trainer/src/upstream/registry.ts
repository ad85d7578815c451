import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EvidenceSchema, RegistryService } from '@plumbline/contract-registry';
import type { CallOptions, Client } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import type { Evidence } from '../domain/evaluation/evidence.ts';
import type { Registry } from '../domain/training/ports.ts';
import { metricMessage } from '../messages/metric.ts';

type RegistryClient = Pick<
  Client<typeof RegistryService>,
  'registerVersion' | 'attachEvidence' | 'getVersion'
>;

/** The registry, as far as the trainer may use it. `options` say on whose behalf. */
export function registry(client: RegistryClient, options: CallOptions): Registry {
  return {
    async register({ model, files, provenance, metrics }, signal) {
      const { version } = await client.registerVersion(
        {
          model,
          files: [...files],
          provenance: { ...provenance, viewVersions: { ...provenance.viewVersions } },
          metrics: metrics.map(metricMessage),
        },
        { ...options, signal },
      );
      if (!version) throw errors.VERSION_UNUSABLE('the registry answered without the version');
      return version.digest;
    },

    async attachEvidence(model, digest, evidence, signal) {
      await client.attachEvidence(
        { model, digest, evidence: evidenceMessage(evidence) },
        { ...options, signal },
      );
    },

    async filesOf(model, digest, signal) {
      const { version } = await client.getVersion(
        { model, which: { case: 'digest', value: digest } },
        { ...options, signal },
      );
      return version?.files ?? [];
    },
  };
}

function evidenceMessage({
  id,
  comparisons,
  metrics,
  ...rest
}: Evidence): MessageInitShape<typeof EvidenceSchema> {
  return {
    ...rest,
    evidenceId: id,
    metrics: metrics.map(metricMessage),
    comparisons: comparisons.map(({ difference, ...other }) => ({
      ...other,
      difference: metricMessage(difference),
    })),
  };
}
