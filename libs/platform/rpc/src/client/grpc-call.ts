import { status, type CallOptions as GrpcCallOptions, type Metadata, type StatusObject } from '@grpc/grpc-js';
import { toGrpcMetadata, type MetadataMap } from '../context/metadata.ts';
import type { OpenChannel } from './channel.ts';

export const identity = (bytes: Buffer): Buffer => bytes;

export const isOk = ({ code }: StatusObject): boolean => code === status.OK;

/** The most that grpc-js's own timers can wait, and far less than what they overflow at. */
const MAX_TIMEOUT_MS = 7 * 24 * 3_600_000;

/** A call's metadata over the channel's, and its deadline, as grpc-js takes them. */
export function callSettings(
  channel: OpenChannel,
  metadata: MetadataMap,
  timeoutMs: number,
): { grpcMetadata: Metadata; grpcOptions: GrpcCallOptions } {
  return {
    grpcMetadata: toGrpcMetadata(channel.metadata(), metadata),
    grpcOptions: timeoutMs === Infinity ? {} : { deadline: Date.now() + Math.min(timeoutMs, MAX_TIMEOUT_MS) },
  };
}
