import type { GRPCInferenceService, RepositoryModelUnloadRequest } from '@plumbline/contract-oip';
import { requireTenant, type Handler } from '@plumbline/rpc';
import { errors, shorten } from '../domain/errors.ts';
import type { RepositoryOptions } from './repository-index.ts';

type RepositoryModelUnload = Handler<(typeof GRPCInferenceService)['method']['repositoryModelUnload']>;

/** Withdraws a model; answers when its requests are answered and it is gone. */
export function repositoryModelUnload({ repository }: RepositoryOptions): RepositoryModelUnload {
  return async ({ modelName, parameters }, context) => {
    const tenant = requireTenant(context);
    if (repository === undefined) throw errors.MODEL_CONTROL_UNAVAILABLE('the models come from a registry');
    checkParameters(parameters);
    await repository.unload(tenant, modelName, context.signal);
    return {};
  };
}

/** @throws ServiceError UNLOAD_PARAMETER_INVALID naming the parameter. No model depends on another, whatever one says. */
function checkParameters(parameters: RepositoryModelUnloadRequest['parameters']): void {
  for (const [name, { parameterChoice: choice }] of Object.entries(parameters)) {
    if (name === 'unload_dependents' && choice.case === 'boolParam') continue;
    const found = choice.case === undefined ? 'nothing' : choice.case.replace('Param', '');
    throw errors.UNLOAD_PARAMETER_INVALID(
      name === 'unload_dependents'
        ? `the parameter "unload_dependents" is true or false, not ${found}`
        : `the parameter "${shorten(name)}" is not known`,
    );
  }
}
