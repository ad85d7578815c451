import type { MetadataMap } from '../context/metadata.ts';
import type { ReceivedMetadata } from './received-metadata.ts';

/** plumbline.common.v1.CallItem. Empty text means "as the stream says". */
export interface CallItem {
  readonly callId: number;
  readonly cancel: boolean;
  readonly method: string;
  /** 0: the server's default. */
  readonly timeoutMs: number;
  readonly tenant: string;
  readonly caller: string;
  readonly requestId: string;
  readonly traceparent: string;
  readonly metadata: MetadataMap | undefined;
  readonly payload: Buffer;
}

/** plumbline.common.v1.AnswerItem */
export interface AnswerItem {
  readonly callId: number;
  readonly code: number;
  readonly statusDetails: Buffer | undefined;
  readonly trailers: MetadataMap | undefined;
  readonly payload: Buffer;
}

/** An answer as its client reads it. */
export interface ReceivedAnswer extends Omit<AnswerItem, 'trailers'> {
  readonly trailers: ReceivedMetadata | undefined;
}

export interface AnswerFrame {
  readonly items: readonly ReceivedAnswer[];
  readonly draining: boolean;
}

const NOTHING = Buffer.alloc(0);

export function cancellationOf(callId: number): CallItem {
  return { ...EMPTY_CALL, callId, cancel: true };
}

export const EMPTY_CALL: CallItem = {
  callId: 0,
  cancel: false,
  method: '',
  timeoutMs: 0,
  tenant: '',
  caller: '',
  requestId: '',
  traceparent: '',
  metadata: undefined,
  payload: NOTHING,
};

export const EMPTY_ANSWER: AnswerItem = {
  callId: 0,
  code: 0,
  statusDetails: undefined,
  trailers: undefined,
  payload: NOTHING,
};
