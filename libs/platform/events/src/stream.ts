import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  nanos,
  NatsError,
  type JetStreamManager,
  type NatsConnection,
  type StreamInfo,
} from 'nats';

/** The one stream of a deployment. */
export interface StreamOptions {
  /** Default 7 days. Outbox rows are kept a day longer. */
  readonly maxAgeMs: number;
  /** Default 2 GiB. A full stream refuses, and events wait in their outboxes. */
  readonly maxBytes: number;
  /** Copies in a cluster. Default 1. */
  readonly replicas: number;
  /** How long a repeated message id is recognised. Default 10 minutes. */
  readonly dedupeWindowMs: number;
}

export const STREAM = 'PLUMBLINE';
export const DAY_MS = 86_400_000;
export const DEFAULT_STREAM: StreamOptions = {
  maxAgeMs: 7 * DAY_MS,
  maxBytes: 2 * 1024 ** 3,
  replicas: 1,
  dedupeWindowMs: 600_000,
};

/** Creates the stream where it is missing. An existing one keeps the limits that its operator gave it. */
export async function ensureStream(connection: NatsConnection, options: StreamOptions): Promise<StreamInfo> {
  const manager = await connection.jetstreamManager({ checkAPI: false });
  return (await streamInfo(manager)) ?? (await createStream(manager, options));
}

async function streamInfo(manager: JetStreamManager): Promise<StreamInfo | undefined> {
  return manager.streams.info(STREAM).catch(absentAsUndefined);
}

async function createStream(manager: JetStreamManager, options: StreamOptions): Promise<StreamInfo> {
  try {
    return await manager.streams.add({
      name: STREAM,
      subjects: ['plumbline.>'],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      max_age: nanos(options.maxAgeMs),
      max_bytes: options.maxBytes,
      num_replicas: options.replicas,
      duplicate_window: nanos(options.dedupeWindowMs),
    });
  } catch (error) {
    const existing = await streamInfo(manager); // another process was faster
    if (existing) return existing;
    throw error;
  }
}

/** For `.catch`: a 404 of the JetStream API means that the thing asked for is not there. */
export function absentAsUndefined(error: unknown): undefined {
  if (error instanceof NatsError && (error.api_error?.code === 404 || error.code === '404')) return undefined;
  throw error;
}
