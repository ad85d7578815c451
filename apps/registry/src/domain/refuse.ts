import type { ServiceError } from '@plumbline/errors';
import { errors, type RegistryReason } from './errors.ts';
import type { GateRecords, RecordedGate } from './release.ts';
import type { ModelVersion } from './version.ts';
import type { Tables } from './tables.ts';

/** The error for a decision that was not allowed. */
export function refusalOf(
  decision: { readonly refusal: RegistryReason; readonly reasons: readonly string[] },
  metadata: Readonly<Record<string, string>>,
): ServiceError {
  return errors[decision.refusal](decision.reasons.join('; '), { metadata });
}

/** Locks the model until the transaction ends. @throws ServiceError MODEL_NOT_FOUND */
export async function lockModel({ models }: Pick<Tables, 'models'>, model: string): Promise<void> {
  if (!(await models.lock(model))) throw noSuchModel(model);
}

/** @throws ServiceError MODEL_NOT_FOUND */
export async function requireModel({ models }: Pick<Tables, 'models'>, model: string): Promise<void> {
  if (!(await models.exists(model))) throw noSuchModel(model);
}

const noSuchModel = (model: string): ServiceError =>
  errors.MODEL_NOT_FOUND(`no model "${model}" in this tenant`, { metadata: { model } });

/** @throws ServiceError VERSION_NOT_FOUND */
export async function requireVersion(
  { versions }: Pick<Tables, 'versions'>,
  model: string,
  digest: string,
): Promise<ModelVersion> {
  const version = await versions.byDigest(model, digest);
  if (version) return version;
  throw errors.VERSION_NOT_FOUND(`model "${model}" has no version ${digest}`, {
    metadata: { model, digest },
  });
}

/** The gate decisions cited, in that order. @throws ServiceError DECISION_NOT_FOUND */
export async function citedGates(
  gates: GateRecords,
  model: string,
  ids: readonly string[],
): Promise<RecordedGate[]> {
  const found = new Map((await gates.byIds(model, ids)).map((record) => [record.id, record]));
  return ids.map((id) => {
    const record = found.get(id);
    if (record) return record;
    throw errors.DECISION_NOT_FOUND(`no gate decision ${id} about model "${model}"`, {
      metadata: { model, decision: id },
    });
  });
}
