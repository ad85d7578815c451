import type { ServiceError } from '@plumbline/errors';
import { onGivingUp, type CallOptions } from '../client/call-options.ts';
import type { RawResponse } from '../client/plain-unary.ts';
import { formatCaller } from '../context/caller.ts';
import { MetadataMap } from '../context/metadata.ts';
import { rpcErrors } from '../errors.ts';
import { decodeStatus } from '../status/decode-status.ts';
import { encodeCalls } from './encode-frame.ts';
import { endOfTurn } from './end-of-turn.ts';
import { ExchangeStream, type OpenStream } from './exchange-stream.ts';
import { cancellationOf, type AnswerItem, type CallItem } from './items.ts';

/** Larger requests travel by themselves, so that they do not hold up the others. */
export const MAX_ITEM_BYTES = 64 * 1024;

/** A message is closed when it passes this: about what one write of the connection moves. */
const MAX_FRAME_BYTES = 512 * 1024;
const MAX_FRAME_ITEMS = 2_048;
/** Bounds what waits in memory for a peer that does not keep up. */
const MAX_PENDING = 32_768;
const MAX_CALL_ID = 0xffff_ffff;
const MAX_TIMEOUT_MS = 0x7fff_ffff;

interface PendingCall {
  settle(answer: AnswerItem): void;
  fail(error: ServiceError): void;
  /** Where it was sent; undefined while it waits to be. */
  stream: ExchangeStream | undefined;
}

/**
 * The client side of plumbline.common.v1.CoalescedService: unary calls made in the same turn of the event loop, or while
 * the connection takes no more, leave in one message. A broken stream fails what was sent on it with CONNECTION_LOST
 * and is replaced when the next call comes; what was not sent yet goes to the new one.
 */
export class CoalescedCalls {
  readonly #open: OpenStream;
  readonly #pending = new Map<number, PendingCall>();
  #outbox: CallItem[] = [];
  #stream: ExchangeStream | undefined;
  #flushing = false;
  #lastId = 0;
  #closed = false;

  constructor(open: OpenStream) {
    this.#open = open;
  }

  call(method: string, payload: Buffer, timeoutMs: number, options: CallOptions): Promise<RawResponse> {
    if (this.#closed) return Promise.reject(rpcErrors.CALL_CANCELLED('the channel is closed'));
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(rpcErrors.TOO_MANY_CALLS(`${MAX_PENDING} calls wait for answers already`));
    }
    const item = callItem(this.#nextId(), method, payload, timeoutMs, options);
    const answer = this.#expect(item.callId, timeoutMs, options);
    this.#enqueue(item);
    return answer;
  }

  /** Fails what is in flight with CALL_CANCELLED. */
  close(): void {
    this.#closed = true;
    this.#outbox = [];
    for (const call of [...this.#pending.values()])
      call.fail(rpcErrors.CALL_CANCELLED('the channel was closed'));
    this.#stream?.cancel();
  }

  #expect(callId: number, timeoutMs: number, options: CallOptions): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      const giveUp = (error: ServiceError): void => {
        this.#abandon(callId);
        end(() => {
          reject(error);
        });
      };
      const timer =
        timeoutMs === Infinity ? undefined : setTimeout(expire, Math.min(timeoutMs, MAX_TIMEOUT_MS), giveUp);
      const unsubscribe = onGivingUp(options, giveUp);
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        unsubscribe();
        this.#pending.delete(callId);
        settle();
      };
      this.#pending.set(callId, {
        stream: undefined,
        fail: (error) => {
          end(() => {
            reject(error);
          });
        },
        settle: (answer) => {
          end(() => {
            settle(answer, options, resolve, reject);
          });
        },
      });
    });
  }

  /** Tells the server of a call that nobody waits for any more. One that was not sent yet never will be. */
  #abandon(callId: number): void {
    const stream = this.#pending.get(callId)?.stream;
    if (stream === undefined) return;
    if (stream === this.#stream) this.#enqueue(cancellationOf(callId));
    else void stream.write(encodeCalls([cancellationOf(callId)]));
  }

  #nextId(): number {
    do {
      this.#lastId = this.#lastId === MAX_CALL_ID ? 1 : this.#lastId + 1;
    } while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #enqueue(item: CallItem): void {
    this.#outbox.push(item);
    if (!this.#flushing) void this.#flush();
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    while (this.#outbox.length > 0) {
      await endOfTurn();
      const items = this.#take();
      if (items.length > 0) await this.#send(items);
    }
    this.#flushing = false;
  }

  async #send(items: readonly CallItem[]): Promise<void> {
    const stream = (this.#stream ??= this.#newStream());
    for (const { callId } of items) {
      const call = this.#pending.get(callId);
      if (call !== undefined) call.stream = stream;
    }
    await stream.write(encodeCalls(items));
  }

  /** The next message's worth of what waits, without the calls that were given up in the meantime. */
  #take(): CallItem[] {
    let bytes = 0;
    let end = 0;
    for (const { payload } of this.#outbox) {
      bytes += payload.length;
      if (end >= MAX_FRAME_ITEMS || (end > 0 && bytes > MAX_FRAME_BYTES)) break;
      end++;
    }
    return this.#outbox.splice(0, end).filter(({ cancel, callId }) => cancel || this.#pending.has(callId));
  }

  #newStream(): ExchangeStream {
    const stream = new ExchangeStream(this.#open, {
      answered: (answers) => {
        for (const answer of answers) this.#pending.get(answer.callId)?.settle(answer);
      },
      retired: () => {
        if (this.#stream === stream) this.#stream = undefined;
      },
      ended: (failure) => {
        for (const call of [...this.#pending.values()]) if (call.stream === stream) call.fail(failure);
      },
    });
    return stream;
  }
}

function expire(giveUp: (error: ServiceError) => void): void {
  giveUp(rpcErrors.DEADLINE_EXPIRED('the deadline of the call has passed'));
}

function callItem(
  callId: number,
  method: string,
  payload: Buffer,
  timeoutMs: number,
  { context, tenant, metadata }: CallOptions,
): CallItem {
  return {
    callId,
    cancel: false,
    method,
    timeoutMs: timeoutMs === Infinity ? 0 : Math.max(1, Math.ceil(Math.min(timeoutMs, MAX_TIMEOUT_MS))),
    tenant: tenant ?? context?.tenant ?? '',
    caller: context === undefined ? '' : formatCaller(context.caller),
    requestId: context?.requestId ?? '',
    traceparent: context?.traceparent ?? '',
    metadata: metadata === undefined ? undefined : MetadataMap.from(metadata),
    payload,
  };
}

function settle(
  { code, statusDetails, trailers, payload }: AnswerItem,
  { onTrailers }: CallOptions,
  resolve: (response: RawResponse) => void,
  reject: (error: ServiceError) => void,
): void {
  const received = trailers ?? NO_TRAILERS;
  onTrailers?.(received);
  if (code === 0) resolve({ response: payload, trailers: received });
  else reject(decodeStatus({ code, message: '', details: statusDetails }));
}

const NO_TRAILERS = new MetadataMap();
