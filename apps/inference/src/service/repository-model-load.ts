import type {
  GRPCInferenceService,
  ModelRepositoryParameter,
  RepositoryModelLoadRequest,
} from '@plumbline/contract-oip';
import { MAX_MANIFEST_FILES } from '@plumbline/release';
import { requireTenant, type Handler } from '@plumbline/rpc';
import { errors, shorten } from '../domain/errors.ts';
import type { ModelOverride } from '../domain/repository/repository.ts';
import type { RepositoryOptions } from './repository-index.ts';

type RepositoryModelLoad = Handler<(typeof GRPCInferenceService)['method']['repositoryModelLoad']>;

const FILE_PREFIX = 'file:';

/** Loads a model of the repository, or takes up what changed of it; answers when it serves. */
export function repositoryModelLoad({ repository }: RepositoryOptions): RepositoryModelLoad {
  return async ({ modelName, parameters }, context) => {
    const tenant = requireTenant(context);
    if (repository === undefined) throw errors.MODEL_CONTROL_UNAVAILABLE('the models come from a registry');
    await repository.load(tenant, modelName, overrideOf(parameters), context.signal);
    return {};
  };
}

/** @throws ServiceError LOAD_PARAMETER_INVALID naming the parameter. */
function overrideOf(parameters: RepositoryModelLoadRequest['parameters']): ModelOverride | undefined {
  checkCount(parameters);
  let config: string | undefined;
  const files = new Map<string, Uint8Array>();
  for (const [name, { parameterChoice: choice }] of Object.entries(parameters)) {
    if (name === 'config' && choice.case === 'stringParam') config = choice.value;
    else if (name.startsWith(FILE_PREFIX) && choice.case === 'bytesParam') {
      files.set(name.slice(FILE_PREFIX.length), choice.value);
    } else throw refusal(name, choice);
  }
  if (config !== undefined) return { config, files };
  if (files.size === 0) return undefined;
  throw errors.LOAD_PARAMETER_INVALID('parameters with files need the parameter "config" beside them');
}

/** Before anything is made of them. */
function checkCount(parameters: RepositoryModelLoadRequest['parameters']): void {
  const count = Object.keys(parameters).filter((name) => name.startsWith(FILE_PREFIX)).length;
  if (count <= MAX_MANIFEST_FILES) return;
  throw errors.LOAD_PARAMETER_INVALID(
    `${count} files are brought; one request takes at most ${MAX_MANIFEST_FILES}`,
  );
}

function refusal(name: string, choice: ModelRepositoryParameter['parameterChoice']): Error {
  const kind = name === 'config' ? 'a string' : name.startsWith(FILE_PREFIX) ? 'bytes' : undefined;
  const found = choice.case === undefined ? 'nothing' : choice.case.replace('Param', '');
  return errors.LOAD_PARAMETER_INVALID(
    kind === undefined
      ? `the parameter "${shorten(name)}" is not known`
      : `the parameter "${shorten(name)}" is ${kind}, not ${found}`,
  );
}
