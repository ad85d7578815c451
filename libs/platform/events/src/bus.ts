/** A message of the stream that a consumer holds until it acknowledges or gives it back. */
export interface Delivery {
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** Position in the stream. */
  readonly sequence: bigint;
  /** 1 for the first delivery to this durable consumer. */
  readonly count: number;
  ack(): void;
  /** Asks for it again after `delayMs`. */
  retry(delayMs: number): void;
  /** Says that it is still being worked on, so that it is not delivered to another replica. */
  working(): void;
  /** Never deliver it again. */
  terminate(): void;
}

export interface DeliveryOptions {
  /** Name shared by all replicas: each message reaches one of them. */
  readonly durable: string;
  /** May end in `.>` or hold `*`. */
  readonly subject: string;
  /** Unacknowledged deliveries at most, all replicas together. */
  readonly maxPending: number;
  /** When an unacknowledged delivery goes to someone else. */
  readonly ackWaitMs: number;
}

export interface Deliveries {
  /** Up to `max` deliveries that are at hand, at least one; waits for it. Empty once stopped. */
  next(max: number): Promise<Delivery[]>;
  /** Pulls no more, and gives back what `next` has not handed out. */
  stop(): void;
}

export interface StreamState {
  readonly createdAtUs: bigint;
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
  /** When messages leave the stream; undefined: never. */
  readonly maxAgeMs: number | undefined;
}

export interface Published {
  readonly sequence: bigint;
  /** The stream had seen the id within its dedupe window and stored nothing. */
  readonly duplicate: boolean;
}

/** What a hint says; undefined after a (re)connection, when hints may have been missed. */
export interface Hint {
  readonly subject: string;
  readonly tenant: string;
  readonly type: string;
}

/**
 * The event stream: at-least-once, ordered per publisher connection. Nothing here waits for an absent server: calls
 * fail with EVENTS_UNAVAILABLE, and deliveries and hints resume when it is back.
 */
export interface EventBus {
  /** The connected service's name. */
  readonly service: string;
  /** Resolves if the server answers and the stream exists. */
  ready(): Promise<void>;
  /** Resolves when the stream has stored the message. `messageId` makes a repetition within minutes harmless. */
  publish(subject: string, messageId: string, bytes: Uint8Array): Promise<Published>;
  deliveries(options: DeliveryOptions): Deliveries;
  /** The id under which the message at `sequence` was published, or undefined when there is none. */
  messageIdAt(sequence: bigint): Promise<string | undefined>;
  streamState(): Promise<StreamState>;
  /**
   * Calls `listener` for each event on `subject` as it is published, without any guarantee, and with undefined after
   * each (re)connection: a reason to look at the truth, never the truth. Returns the way to stop.
   */
  subscribeHints(subject: string, listener: (hint: Hint | undefined) => void): () => void;
  /** Calls `listener` after each connection that is made. Returns the way to stop. */
  onConnected(listener: () => void): () => void;
  close(): Promise<void>;
}
