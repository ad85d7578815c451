import type {
  ClientDuplexStream,
  ClientReadableStream,
  ClientWritableStream,
  Metadata,
  StatusObject,
} from '@grpc/grpc-js';
import type { ServiceError } from '@plumbline/errors';
import { GrpcMetadataView } from '../context/metadata.ts';
import { callMetadata, cancelledBefore, onGivingUp, timeoutOf, type CallOptions } from './call-options.ts';
import type { OpenChannel } from './channel.ts';
import { callSettings, identity, isOk } from './grpc-call.ts';
import { receivedFailure } from './received-failure.ts';
import { toServiceError } from '../status/to-service-error.ts';

type Readable = ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>;
type Writable = ClientWritableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>;

/** How a stream ended, for those who read from it and those who write to it. */
interface Ending {
  /** Resolves with undefined on OK, with the failure otherwise. */
  readonly ended: Promise<ServiceError | undefined>;
  fail(error: ServiceError): void;
}

export async function* serverStreamingCall(
  channel: OpenChannel,
  path: string,
  request: Buffer,
  options: CallOptions,
): AsyncGenerator<Buffer> {
  const { grpcMetadata, grpcOptions } = startSettings(channel, options);
  const call = channel.client.makeServerStreamRequest(
    `/${path}`,
    identity,
    identity,
    request,
    grpcMetadata,
    grpcOptions,
  );
  yield* readResponses(call, watchEnding(call, channel, options));
}

export async function clientStreamingCall(
  channel: OpenChannel,
  path: string,
  requests: AsyncIterable<Buffer>,
  options: CallOptions,
): Promise<Buffer> {
  const { grpcMetadata, grpcOptions } = startSettings(channel, options);
  let response: Buffer | undefined;
  const call = channel.client.makeClientStreamRequest<Buffer, Buffer>(
    `/${path}`,
    identity,
    identity,
    grpcMetadata,
    grpcOptions,
    (_error, value) => {
      response = value;
    },
  );
  const ending = watchEnding(call, channel, options);
  void writeRequests(call, requests, ending);
  const failure = await ending.ended;
  if (failure !== undefined) throw failure;
  if (response === undefined) throw toServiceError(new Error(`${path} answered OK without a response`));
  return response;
}

export async function* bidiStreamingCall(
  channel: OpenChannel,
  path: string,
  requests: AsyncIterable<Buffer>,
  options: CallOptions,
): AsyncGenerator<Buffer> {
  const { grpcMetadata, grpcOptions } = startSettings(channel, options);
  const call = channel.client.makeBidiStreamRequest<Buffer, Buffer>(
    `/${path}`,
    identity,
    identity,
    grpcMetadata,
    grpcOptions,
  );
  const ending = watchEnding(call, channel, options);
  void writeRequests(call, requests, ending);
  yield* readResponses(call, ending);
}

function startSettings(channel: OpenChannel, options: CallOptions): ReturnType<typeof callSettings> {
  const timeoutMs = timeoutOf(options, Infinity);
  const tooLate = cancelledBefore(options, timeoutMs);
  if (tooLate !== undefined) throw tooLate;
  return callSettings(channel, callMetadata(options), timeoutMs);
}

/** Must be called in the same turn as the call is made, or its first events are missed. */
function watchEnding(call: Readable | Writable, { inFlight }: OpenChannel, options: CallOptions): Ending {
  let failure: ServiceError | undefined;
  const fail = (error: ServiceError): void => {
    failure ??= error;
    call.cancel();
  };
  const unsubscribe = onGivingUp(options, fail);
  inFlight.add(fail);
  // The status event says the same, and more; an error without a listener would end the process.
  call.on('error', () => undefined);
  call.on('metadata', (headers: Metadata) => options.onHeaders?.(new GrpcMetadataView(headers)));
  const ended = new Promise<ServiceError | undefined>((resolve) => {
    call.on('status', (status: StatusObject) => {
      unsubscribe();
      inFlight.delete(fail);
      options.onTrailers?.(new GrpcMetadataView(status.metadata));
      resolve(isOk(status) ? undefined : (failure ?? receivedFailure(status)));
    });
  });
  return { ended, fail };
}

/** Yields what arrives, then throws what ended the call. A reader that stops early cancels the call. */
async function* readResponses(call: Readable, { ended }: Ending): AsyncGenerator<Buffer> {
  try {
    for await (const response of untilError(call)) yield response;
    const failure = await ended;
    if (failure !== undefined) throw failure;
  } finally {
    call.cancel();
  }
}

/** A failed call's messages up to the failure: the status tells the failure better than the stream's error event. */
async function* untilError(call: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const response of call) yield response as Buffer;
  } catch (error) {
    if (!call.errored) throw error;
  }
}

/** Writes at the pace of the connection. What goes wrong in the caller's iterable ends the call with that error. */
async function writeRequests(call: Writable, requests: AsyncIterable<Buffer>, ending: Ending): Promise<void> {
  let over = false;
  const done = ending.ended.then(() => {
    over = true;
  });
  try {
    for await (const request of requests) {
      if (over) return;
      if (!call.write(request)) await Promise.race([drained(call), done]);
    }
    call.end();
  } catch (error) {
    ending.fail(toServiceError(error));
  }
}

function drained(call: Writable): Promise<void> {
  return new Promise((resolve) => call.once('drain', resolve));
}
