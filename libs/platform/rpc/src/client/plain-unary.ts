import type { ServiceError } from '@plumbline/errors';
import { GrpcMetadataView, type MetadataMap, type ReadonlyMetadata } from '../context/metadata.ts';
import { onGivingUp, type CallOptions } from './call-options.ts';
import type { OpenChannel } from './channel.ts';
import { callSettings, identity, isOk } from './grpc-call.ts';
import { receivedFailure } from './received-failure.ts';

export interface RawResponse {
  readonly response: Buffer;
  readonly trailers: ReadonlyMetadata;
}

/** One call on an HTTP/2 stream of its own. */
export function plainUnary(
  channel: OpenChannel,
  path: string,
  request: Buffer,
  metadata: MetadataMap,
  timeoutMs: number,
  options: CallOptions,
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    let givenUp: ServiceError | undefined;
    let response: Buffer | undefined;
    const { grpcMetadata, grpcOptions } = callSettings(channel, metadata, timeoutMs);
    const call = channel.client.makeUnaryRequest<Buffer, Buffer>(
      `/${path}`,
      identity,
      identity,
      request,
      grpcMetadata,
      grpcOptions,
      (_error, value) => {
        response = value;
      },
    );
    const giveUp = (error: ServiceError): void => {
      givenUp ??= error;
      call.cancel();
    };
    const unsubscribe = onGivingUp(options, giveUp);
    channel.inFlight.add(giveUp);
    if (options.onHeaders !== undefined) {
      const { onHeaders } = options;
      call.on('metadata', (headers) => {
        onHeaders(new GrpcMetadataView(headers));
      });
    }
    call.on('status', (ended) => {
      unsubscribe();
      channel.inFlight.delete(giveUp);
      const trailers = new GrpcMetadataView(ended.metadata);
      options.onTrailers?.(trailers);
      if (isOk(ended) && response !== undefined) resolve({ response, trailers });
      else reject(givenUp ?? receivedFailure(ended));
    });
  });
}
