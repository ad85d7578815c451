import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { asBuffer, type Invoke, type ReadonlyMetadata } from '@plumbline/rpc';
import { OWN_PREFIX, requestMetadata, requestTimeoutMs } from '../http/request-metadata.ts';
import type { Exchange } from '../http/exchange.ts';

/**
 * Calls a method with the exchange's metadata, deadline and cancellation. The request is made once the caller is known.
 * Trailers that begin with `plumbline-` go into the headers of the answer.
 */
export async function callRaw(
  invoke: Invoke,
  { parent, name }: { readonly parent: { readonly typeName: string }; readonly name: string },
  { headers, signal, responseHeaders }: Exchange,
  request: () => Promise<Buffer>,
): Promise<Buffer> {
  const timeoutMs = requestTimeoutMs(headers);
  const { response } = await invoke(`${parent.typeName}/${name}`, request, {
    metadata: requestMetadata(headers),
    signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    onTrailers: (trailers) => addHeaders(responseHeaders, trailers),
  });
  return response;
}

/** As callRaw, with messages. */
export async function call<I extends DescMessage, O extends DescMessage>(
  invoke: Invoke,
  method: DescMethodUnary<I, O>,
  exchange: Exchange,
  request: () => Promise<MessageInitShape<I>> | MessageInitShape<I>,
): Promise<MessageShape<O>> {
  const { input, output } = method;
  const encode = async (): Promise<Buffer> => asBuffer(toBinary(input, create(input, await request())));
  return fromBinary(output, await callRaw(invoke, method, exchange, encode));
}

function addHeaders(headers: Exchange['responseHeaders'], trailers: ReadonlyMetadata): void {
  for (const [name, value] of trailers.entries()) {
    if (typeof value === 'string' && name.startsWith(OWN_PREFIX)) headers[name] = value;
  }
}
