import type { ServiceError } from '@plumbline/errors';
import { onGivingUp, type CallOptions } from '../client/call-options.ts';
import type { RawResponse } from '../client/plain-unary.ts';
import { rpcErrors } from '../errors.ts';
import { toServiceError } from '../status/to-service-error.ts';
import { MAX_TIMEOUT_MS, callItem, settleCall } from './call-item.ts';
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
            settleCall(answer, options, resolve, reject);
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
      if (items.length > 0) await this.#send(items).catch((error: unknown) => this.#failAll(items, error));
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

  /** The stream could not even be opened: the channel's metadata, say, could not be made. */
  #failAll(items: readonly CallItem[], error: unknown): void {
    for (const { callId } of items) this.#pending.get(callId)?.fail(toServiceError(error));
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
