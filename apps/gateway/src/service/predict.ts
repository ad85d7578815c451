import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  PredictRequestSchema,
  PredictResponseSchema,
  type PredictRequest,
} from '@plumbline/contract-gateway';
import { formatCaller, requireTenant, type CallContext } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import { predict, type EntityAnswer, type PredictPorts } from '../domain/predict.ts';
import type { RoutingTable } from '../domain/routing.ts';
import { outputsOf } from '../domain/outputs.ts';
import { scalarsOf, valueOf } from '../messages/scalars.ts';
import { requireInstant, requireScope, requireTable } from './call.ts';

export interface PredictDependencies {
  readonly table: () => RoutingTable | undefined;
  readonly ports: (context: CallContext) => Omit<PredictPorts, 'encodeAnswer'>;
}

/** PredictionService/Predict. Takes the request's bytes, because the record commits to them as they came. */
export async function handlePredict(
  { table, ports }: PredictDependencies,
  request: Buffer,
  context: CallContext,
): Promise<Buffer> {
  requireScope(context, 'predict');
  const message = decode(request);
  if (message.asOfUs !== 0n) requireScope(context, 'as-of');
  const { includeFeatures } = message;
  return predict(
    { ...ports(context), encodeAnswer: (answer) => encodeAnswer(answer, includeFeatures) },
    requireTable(table()),
    {
      tenant: requireTenant(context),
      caller: formatCaller(context.caller),
      method: context.method,
      request,
      route: message.route,
      predictionId: message.predictionId || (context.requestMetadata.get('plumbline-prediction-id') ?? ''),
      entity: {
        keys: scalarsOf(message.entityKeys),
        requestValues: scalarsOf(message.requestValues),
        asOfUs: requireInstant(message.asOfUs),
      },
      stickyKey: message.stickyKey,
    },
  );
}

function decode(request: Buffer): PredictRequest {
  try {
    return fromBinary(PredictRequestSchema, request, { readUnknownFields: false });
  } catch (cause) {
    throw errors.REQUEST_MALFORMED('the bytes are no PredictRequest', { cause });
  }
}

function encodeAnswer(answer: EntityAnswer, includeFeatures: boolean): Buffer {
  const { features } = answer;
  const bytes = toBinary(
    PredictResponseSchema,
    create(PredictResponseSchema, {
      predictionId: answer.predictionId,
      outputs: outputsOf(answer.response).map(({ name, values }) => ({ name, values: values.map(Number) })),
      modelDigest: answer.modelDigest,
      variant: answer.variant,
      features: includeFeatures
        ? features.names.map((name, index) => ({
            name,
            value: valueOf(features.values[index] ?? null),
            status: features.statuses[index] ?? '',
          }))
        : [],
    }),
  );
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
