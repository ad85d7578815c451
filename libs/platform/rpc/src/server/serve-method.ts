import type { DescMessage } from '@bufbuild/protobuf';
import { rpcErrors } from '../errors.ts';
import type { MethodInfo, RunCall, ServedMethod, ServerCall } from './call.ts';
import { composeChain, type ServerInterceptor } from './chain.ts';
import type { MethodBody, MethodImplementation } from './implementation.ts';
import { checkMessage, type MethodLimits } from './limits.ts';

/** Composes the chain of one method: `interceptors`, then the limits, then decoding and the handler. */
export function serveMethod(
  implementation: MethodImplementation,
  limits: MethodLimits,
  interceptors: readonly ServerInterceptor[],
): ServedMethod {
  const { method, input, raw, body } = implementation;
  const service = method.parent.typeName;
  const info: MethodInfo = {
    path: `${service}/${method.name}`,
    service,
    name: method.name,
    kind: body.kind,
    raw,
  };
  return { info, limits, run: composeChain(interceptors, invocation(body, input, limits)) };
}

function invocation(body: MethodBody, input: DescMessage | undefined, limits: MethodLimits): RunCall {
  const one = (call: ServerCall): Buffer => {
    const request = present(call.request);
    checkMessage(request, input, limits);
    return request;
  };
  const many = (call: ServerCall): AsyncIterable<Buffer> => checkEach(present(call.requests), input, limits);
  switch (body.kind) {
    case 'unary':
      return async (call) => {
        call.response = await body.handle(one(call), call.context);
      };
    case 'client_streaming':
      return async (call) => {
        call.response = await body.handle(many(call), call.context);
      };
    case 'server_streaming':
      return (call) => sendAll(call, (context) => body.handle(one(call), context));
    case 'bidi_streaming':
      return (call) => sendAll(call, (context) => body.handle(many(call), context));
  }
}

async function sendAll(
  call: ServerCall,
  respond: (context: ServerCall['context']) => AsyncIterable<Buffer>,
): Promise<void> {
  for await (const response of respond(call.context)) {
    if (call.context.cancellation !== undefined) throw call.context.cancellation;
    await call.send?.(response);
  }
}

async function* checkEach(
  requests: AsyncIterable<Buffer>,
  input: DescMessage | undefined,
  limits: MethodLimits,
): AsyncGenerator<Buffer> {
  for await (const request of requests) {
    checkMessage(request, input, limits);
    yield request;
  }
}

/** Transports hand over what the method's kind calls for; anything else is a defect. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw rpcErrors.INTERNAL('the transport handed over no request');
  return value;
}
