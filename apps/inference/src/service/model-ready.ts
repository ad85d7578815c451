import { ServiceError } from '@plumbline/errors';
import { requireTenant, type Handler } from '@plumbline/rpc';
import type { GRPCInferenceService } from '@plumbline/contract-oip';
import type { VersionTable } from '../domain/versions/version-table.ts';

type ModelReady = Handler<(typeof GRPCInferenceService)['method']['modelReady']>;

/** Whether a tenant's model answers, be it after it has been loaded again; of an unknown one, no: that is no error. */
export function modelReady(table: VersionTable): ModelReady {
  return ({ name, version }, context) => {
    const tenant = requireTenant(context);
    try {
      table.peek(tenant, name, version);
      return { ready: true };
    } catch (error) {
      if (error instanceof ServiceError) return { ready: error.reason === 'MODEL_UNLOADED' };
      throw error;
    }
  };
}
