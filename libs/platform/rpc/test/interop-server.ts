import { setTimeout as delay } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  EchoStatus,
  StreamingOutputCallRequest,
  StreamingOutputCallResponseSchema,
  TestService,
} from '@plumbline/contract-grpc-testing';
import { ServiceError, type Code } from '@plumbline/errors';
import type { CallContext, Handlers } from '../src/index.ts';

const INITIAL = 'x-grpc-test-echo-initial';
const TRAILING = 'x-grpc-test-echo-trailing-bin';

const payloadOf = (size: number): { body: Buffer } => ({ body: Buffer.alloc(size) });

/** The server side of https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md */
export const interopHandlers: Handlers<typeof TestService> = {
  emptyCall: () => ({}),
  unaryCall: ({ responseSize, responseStatus }, context) => {
    echoMetadata(context);
    throwEchoed(responseStatus);
    return { payload: payloadOf(responseSize) };
  },
  streamingInputCall: async (requests) => {
    let aggregatedPayloadSize = 0;
    for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
    return { aggregatedPayloadSize };
  },
  streamingOutputCall: (request, context) => respond(request, context),
  fullDuplexCall: async function* (requests, context) {
    echoMetadata(context);
    for await (const request of requests) yield* respond(request, context);
  },
};

async function* respond(
  { responseParameters, responseStatus }: StreamingOutputCallRequest,
  { signal }: CallContext,
): AsyncGenerator<MessageInitShape<typeof StreamingOutputCallResponseSchema>> {
  for (const { size, intervalUs } of responseParameters) {
    if (intervalUs > 0) await delay(intervalUs / 1_000, undefined, { signal });
    yield { payload: payloadOf(size) };
  }
  throwEchoed(responseStatus);
}

function echoMetadata({ requestMetadata, responseHeaders, responseTrailers }: CallContext): void {
  const initial = requestMetadata.get(INITIAL);
  if (initial !== undefined) responseHeaders.set(INITIAL, initial);
  const trailing = requestMetadata.getBinary(TRAILING);
  if (trailing !== undefined) responseTrailers.set(TRAILING, trailing);
}

function throwEchoed(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== 0) {
    throw new ServiceError(status.code as Code, 'ECHOED', status.message);
  }
}
