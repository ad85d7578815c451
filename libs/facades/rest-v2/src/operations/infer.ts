import { GRPCInferenceService } from '@plumbline/contract-oip';
import type { Invoke } from '@plumbline/rpc';
import type { Answer, Exchange, Operation } from '../http/exchange.ts';
import { encodeInferRequest } from '../infer/encode-request.ts';
import { rawInput } from '../infer/raw-request.ts';
import { readRequest, type ReadRequest } from '../infer/read-request.ts';
import { HEADER_LENGTH, headerLength, splitBody } from '../infer/split-body.ts';
import { writeResponse } from '../infer/write-response.ts';
import type { RestLimits } from '../rest-options.ts';
import { modelOf } from './model-of.ts';
import { call, callRaw } from './rpc.ts';

const { modelInfer, modelMetadata } = GRPCInferenceService.method;

type InferLimits = Pick<RestLimits, 'maxBodyBytes' | 'maxJsonBytes' | 'maxAnswerJsonBytes'>;

/** ModelInfer: JSON and binary tensors in, JSON and binary tensors out. */
export function inferOperation(invoke: Invoke, limits: InferLimits): Operation {
  return async (exchange) => {
    const { name, version } = modelOf(exchange);
    let request: ReadRequest | undefined;
    const response = await callRaw(invoke, modelInfer, exchange, async () => {
      request = await receive(invoke, exchange, limits);
      return encodeInferRequest({ ...request, modelName: name, modelVersion: version });
    });
    const { outputs = [], binaryOutputs = false } = request ?? {};
    const form = { outputs, binaryOutputs, maxJsonBytes: limits.maxAnswerJsonBytes };
    const { body, jsonBytes } = await writeResponse(response, form);
    return answer(exchange, body, jsonBytes);
  };
}

async function receive(invoke: Invoke, exchange: Exchange, limits: InferLimits): Promise<ReadRequest> {
  const jsonBytes = headerLength(exchange.headers[HEADER_LENGTH] as string | undefined);
  const body = await exchange.body(limits.maxBodyBytes);
  const { json, binary } = splitBody(body, jsonBytes, limits.maxJsonBytes);
  return json === undefined ? raw(invoke, exchange, binary) : readRequest(json, binary);
}

/** The input is described by the model alone, and every output is binary. */
async function raw(invoke: Invoke, exchange: Exchange, body: Buffer): Promise<ReadRequest> {
  const metadata = await call(invoke, modelMetadata, { ...exchange, responseHeaders: {} }, () =>
    modelOf(exchange),
  );
  const input = { ...rawInput(metadata, body), parameters: new Map<string, never>() };
  return { id: '', parameters: new Map(), inputs: [input], outputs: [], binaryOutputs: true };
}

function answer({ responseHeaders }: Exchange, body: Buffer, jsonBytes: number | undefined): Answer {
  if (jsonBytes === undefined) return { body, compressible: true };
  responseHeaders[HEADER_LENGTH] = jsonBytes;
  return { body, contentType: 'application/octet-stream', compressible: true };
}
