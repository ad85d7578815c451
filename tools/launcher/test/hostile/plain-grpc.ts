import {
  Client,
  Metadata,
  credentials,
  status,
  type ChannelOptions,
  type ServiceError as GrpcError,
} from '@grpc/grpc-js';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { ErrorInfoSchema, StatusSchema } from '@plumbline/contract-grpc';

/** How a call ended, as any gRPC client sees it. */
export interface Outcome {
  /** "OK" or the canonical name. */
  readonly code: string;
  /** From ErrorInfo; "" where there is none. */
  readonly reason: string;
  readonly domain: string;
  readonly message: string;
  readonly responses: readonly Buffer[];
  readonly trailers: Metadata;
  readonly durationMs: number;
}

export interface PlainCall {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  readonly cancelAfterMs?: number;
  /** Stops reading a response stream after so many messages. */
  readonly maxResponses?: number;
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** A gRPC client with none of our library in it: grpc-js, bytes in, bytes out. */
export class PlainClient {
  readonly #client: Client;

  constructor(address: string, options: ChannelOptions = {}) {
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.max_send_message_length': -1,
      'grpc.max_receive_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
  }

  /** Sends the messages on one call of whatever kind and waits for its end. Never rejects. */
  call(path: string, requests: readonly Uint8Array[], options: PlainCall = {}): Promise<Outcome> {
    const { deadlineMs = 60_000, cancelAfterMs, maxResponses = 100 } = options;
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(options.metadata ?? {})) metadata.add(name, value);
    const startedMs = performance.now();
    return new Promise((resolve) => {
      // A bidirectional stream is on the wire what every other kind of call is.
      const deadline = new Date(Date.now() + deadlineMs);
      const call = this.#client.makeBidiStreamRequest(`/${path}`, asIs, asIs, metadata, { deadline });
      const responses: Buffer[] = [];
      call.on('data', (message: Buffer) => {
        responses.push(message);
        if (responses.length >= maxResponses) call.cancel();
      });
      call.on('error', () => undefined); // the status says it
      call.on('status', (ended) => resolve(outcomeOf(ended, responses, performance.now() - startedMs)));
      for (const request of requests) call.write(Buffer.from(request));
      call.end();
      if (cancelAfterMs !== undefined) setTimeout(() => call.cancel(), cancelAfterMs);
    });
  }

  close(): void {
    this.#client.close();
  }
}

function outcomeOf(
  ended: Pick<GrpcError, 'code' | 'details' | 'metadata'>,
  responses: readonly Buffer[],
  durationMs: number,
): Outcome {
  const info = errorInfoOf(ended.metadata);
  return {
    code: status[ended.code] ?? String(ended.code),
    reason: info?.reason ?? '',
    domain: info?.domain ?? '',
    message: ended.details,
    responses,
    trailers: ended.metadata,
    durationMs,
  };
}

function errorInfoOf(metadata: Metadata) {
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (!Buffer.isBuffer(bytes)) return undefined;
  const [info] = fromBinary(StatusSchema, bytes).details.flatMap(
    (detail) => anyUnpack(detail, ErrorInfoSchema) ?? [],
  );
  return info;
}
