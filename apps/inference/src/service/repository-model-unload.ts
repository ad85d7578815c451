import type { GRPCInferenceService } from '@plumbline/contract-oip';
import { requireTenant, type Handler } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import type { RepositoryOptions } from './repository-index.ts';

type RepositoryModelUnload = Handler<(typeof GRPCInferenceService)['method']['repositoryModelUnload']>;

/** Withdraws a model; answers when its requests are answered and it is gone. No model depends on another. */
export function repositoryModelUnload({ repository }: RepositoryOptions): RepositoryModelUnload {
  return async ({ modelName }, context) => {
    const tenant = requireTenant(context);
    if (repository === undefined) throw errors.MODEL_CONTROL_UNAVAILABLE('the models come from a registry');
    await repository.unload(tenant, modelName, context.signal);
    return {};
  };
}
