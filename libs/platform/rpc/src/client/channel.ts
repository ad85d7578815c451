import { ChannelCredentials, Client, type ClientOptions } from '@grpc/grpc-js';
import type { ServiceError } from '@plumbline/errors';
import { CoalescedService } from '@plumbline/contract-common';
import { CoalescedCalls } from '../coalesced/coalesced-calls.ts';
import { MetadataMap, toGrpcMetadata } from '../context/metadata.ts';
import { rpcErrors } from '../errors.ts';
import { pathOf } from '../method-path.ts';
import { identity } from './grpc-call.ts';
import { adaptClient } from './grpc-internals.ts';

export interface ChannelOptions {
  /** Default: plaintext. */
  readonly credentials?: ChannelCredentials;
  /** Sent with every call, e.g. `() => ({ authorization: serviceToken('gateway', secret) })`. */
  readonly metadata?: () => Record<string, string>;
  /** Whether unary calls share one stream unless they say otherwise. Default false. */
  readonly coalesce?: boolean;
  /** For calls that bring neither a timeout nor a context. Default 30 s; streams have none by default. */
  readonly defaultTimeoutMs?: number;
  /** Of each received message. Default 64 MiB: the peer is one's own service. */
  readonly maxReceiveMessageBytes?: number;
  /** How often the connection is probed and how long the answer may take; default 5 s and 2 s. */
  readonly keepalive?: { readonly intervalMs: number; readonly timeoutMs: number };
}

/** A connection to one address, with what all calls over it have in common. */
export interface Channel {
  readonly address: string;
  /** Fails calls in flight with CALL_CANCELLED and closes the connection. */
  close(): void;
}

/** The channel as this library's own calls see it. */
export interface OpenChannel extends Channel {
  readonly client: Client;
  readonly metadata: () => MetadataMap;
  readonly coalesce: boolean;
  readonly coalesced: CoalescedCalls;
  readonly defaultTimeoutMs: number;
  /** Calls in flight that `close` must end: each function cancels one. */
  readonly inFlight: Set<(error: ServiceError) => void>;
}

const MIB = 1024 * 1024;
const EXCHANGE = pathOf(CoalescedService.method.exchange);
const WINDOW_BYTES = 16 * MIB;

/**
 * A channel to `host:port` (or any target that grpc-js resolves). Connects on the first call and again after a loss.
 * Each channel has a connection of its own.
 */
export function createChannel(address: string, options: ChannelOptions = {}): Channel {
  const client = new Client(
    address,
    options.credentials ?? ChannelCredentials.createInsecure(),
    grpcOptions(options),
  );
  adaptClient(client);
  const metadata = (): MetadataMap => MetadataMap.from(options.metadata?.() ?? {});
  const coalesced = new CoalescedCalls(() =>
    client.makeBidiStreamRequest(`/${EXCHANGE}`, identity, identity, toGrpcMetadata(metadata())),
  );
  const channel: OpenChannel = {
    address,
    client,
    metadata,
    coalesce: options.coalesce ?? false,
    coalesced,
    defaultTimeoutMs: options.defaultTimeoutMs ?? 30_000,
    inFlight: new Set(),
    close: () => {
      const closed = rpcErrors.CALL_CANCELLED('the channel was closed');
      for (const cancel of [...channel.inFlight]) cancel(closed);
      coalesced.close();
      client.close();
    },
  };
  return channel;
}

/** Every Channel is made here. */
export function opened(channel: Channel): OpenChannel {
  return channel as OpenChannel;
}

function grpcOptions({ keepalive, maxReceiveMessageBytes = 64 * MIB }: ChannelOptions): ClientOptions {
  return {
    'grpc.max_receive_message_length': maxReceiveMessageBytes,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': keepalive?.intervalMs ?? 5_000,
    'grpc.keepalive_timeout_ms': keepalive?.timeoutMs ?? 2_000,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    'grpc-node.flow_control_window': WINDOW_BYTES,
  };
}
