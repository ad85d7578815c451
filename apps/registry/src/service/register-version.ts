import { manifestFaults } from '@plumbline/release';
import { requireModel } from '../domain/refuse.ts';
import { registerVersion as register } from '../domain/register-version.ts';
import { verifyArtifacts } from '../domain/verify-artifacts.ts';
import { describeVersion } from '../domain/describe-version.ts';
import { fileOf, measurementOf } from '../messages/measurement.ts';
import { provenanceOf, versionOf } from '../messages/version.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { isBetween, isJson, isName, isText, requireValid } from './validate.ts';

export const registerVersion =
  ({ store, objects, clock }: Registry): RegistryHandler<'registerVersion'> =>
  async (request, context) => {
    const { model, metrics } = request;
    const files = request.files.map(fileOf);
    const provenance = provenanceOf(request.provenance);
    requireValid(
      isName('model', model),
      manifestFaults(files).map(({ index, fault }) => ({ field: `files[${index}]`, description: fault })),
      isBetween('metrics', metrics.length, 0, 1_000),
      isJson('provenance.parameters_json', provenance.parametersJson),
      isText('provenance.parameters_json', provenance.parametersJson, 65_536),
      isText('provenance.job_id', provenance.jobId, 100),
    );
    const call = callOf(context, clock);
    await store.read(call.tenant, context, (tables) => requireModel(tables, model));
    await verifyArtifacts(objects, files, context.signal);
    const intent = { model, files, provenance, metrics: metrics.map(measurementOf) };
    return store.transaction(call.tenant, context, async (tables) => {
      const { version, existed } = await register(tables, call, intent);
      return { version: versionOf(await describeVersion(tables, version)), existed };
    });
  };
