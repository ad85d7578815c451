import { GRPCInferenceService } from '@plumbline/contract-oip';
import type { Invoke } from '@plumbline/rpc';
import type { Operation } from '../http/exchange.ts';
import { modelOf } from './model-of.ts';
import { call } from './rpc.ts';

const { serverLive, serverReady, modelReady } = GRPCInferenceService.method;

/** The status of a health route says the answer; 503 means no. */
const statusOf = (yes: boolean): number => (yes ? 200 : 503);

export function liveOperation(invoke: Invoke): Operation {
  return async (exchange) => {
    const { live } = await call(invoke, serverLive, exchange, () => ({}));
    return { status: statusOf(live), body: { live } };
  };
}

/** The specification's page calls the field `live`, its implementations `ready`: both are there. */
export function readyOperation(invoke: Invoke): Operation {
  return async (exchange) => {
    const { ready } = await call(invoke, serverReady, exchange, () => ({}));
    return { status: statusOf(ready), body: { live: true, ready } };
  };
}

/** An unknown model is not ready. */
export function modelReadyOperation(invoke: Invoke): Operation {
  return async (exchange) => {
    const model = modelOf(exchange);
    const { ready } = await call(invoke, modelReady, exchange, () => model);
    return { status: statusOf(ready), body: { name: model.name, ready } };
  };
}
