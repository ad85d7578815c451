import {
  GRPCInferenceService,
  ModelConfigSchema,
  ModelMetadataResponseSchema,
  ModelStatisticsResponseSchema,
  ServerMetadataResponseSchema,
} from '@plumbline/contract-oip';
import { create } from '@bufbuild/protobuf';
import type { Invoke } from '@plumbline/rpc';
import type { Operation } from '../http/exchange.ts';
import { messageJson } from '../json/message-json.ts';
import { modelOf } from './model-of.ts';
import { call } from './rpc.ts';

const { serverMetadata, modelMetadata, modelConfig, modelStatistics } = GRPCInferenceService.method;

export function serverMetadataOperation(invoke: Invoke): Operation {
  return async (exchange) => {
    const metadata = await call(invoke, serverMetadata, exchange, () => ({}));
    return { body: messageJson(ServerMetadataResponseSchema, metadata) };
  };
}

export function modelMetadataOperation(invoke: Invoke): Operation {
  return async (exchange) => {
    const metadata = await call(invoke, modelMetadata, exchange, () => modelOf(exchange));
    return { body: messageJson(ModelMetadataResponseSchema, metadata) };
  };
}

/** The configuration itself, without the response around it. */
export function modelConfigOperation(invoke: Invoke): Operation {
  return async (exchange) => {
    const { config } = await call(invoke, modelConfig, exchange, () => modelOf(exchange));
    return { body: messageJson(ModelConfigSchema, config ?? create(ModelConfigSchema)) };
  };
}

export function modelStatisticsOperation(invoke: Invoke): Operation {
  return async (exchange) => {
    const statistics = await call(invoke, modelStatistics, exchange, () => modelOf(exchange));
    return { body: messageJson(ModelStatisticsResponseSchema, statistics) };
  };
}
