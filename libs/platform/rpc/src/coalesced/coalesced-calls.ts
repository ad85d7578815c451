import type { ServiceError } from '@plumbline/errors';
import { onGivingUp, type CallOptions } from '../client/call-options.ts';
import type { RawResponse } from '../client/plain-unary.ts';
import { rpcErrors } from '../errors.ts';
import { toServiceError } from '../status/to-service-error.ts';
import { MAX_TIMEOUT_MS, callItem, settleCall } from './call-item.ts';
import { CallOutbox } from './call-outbox.ts';
import { encodeCalls } from './encode-frame.ts';
import { endOfTurn } from './end-of-turn.ts';
import { ExchangeStream, type OpenStream } from './exchange-stream.ts';
import { cancellationOf, type CallItem, type ReceivedAnswer } from './items.ts';
import type { Sized } from './sized-item.ts';

/** Calls that wait for answers, sent or not. */
const MAX_PENDING = 32_768;
/** How long a caller that is refused should leave the peer to catch up. */
const RETRY_AFTER_MS = 100;
const MAX_CALL_ID = 0xffff_ffff;

interface PendingCall {
  settle(answer: ReceivedAnswer): void;
  fail(error: ServiceError): void;
  /** Where it was sent; undefined while it waits to be. */
  stream: ExchangeStream | undefined;
}

/**
 * The client side of plumbline.common.v1.CoalescedService: unary calls made in the same turn of the event loop, or while
 * the connection takes no more, leave in one message. A broken stream fails what was sent on it with CONNECTION_LOST
 * and is replaced when the next call comes; what was not sent yet goes to the new one. A call that is given up before
 * it was sent is forgotten at once. Calls are refused with TOO_MANY_CALLS while 32,768 wait for their answers or 32 MiB
 * wait to be sent.
 */
export class CoalescedCalls {
  readonly #open: OpenStream;
  readonly #pending = new Map<number, PendingCall>();
  readonly #outbox = new CallOutbox();
  #stream: ExchangeStream | undefined;
  #flushing = false;
  #lastId = 0;
  #closed = false;

  constructor(open: OpenStream) {
    this.#open = open;
  }

  call(method: string, payload: Buffer, timeoutMs: number, options: CallOptions): Promise<RawResponse> {
    if (this.#closed) return Promise.reject(rpcErrors.CALL_CANCELLED('the channel is closed'));
    if (this.#pending.size >= MAX_PENDING || this.#outbox.isFull) return Promise.reject(this.#refusal());
    const item = callItem(this.#nextId(), method, payload, timeoutMs, options);
    const answer = this.#expect(item.callId, timeoutMs, options);
    this.#enqueue(item);
    return answer;
  }

  /** Fails what is in flight with CALL_CANCELLED. */
  close(): void {
    this.#closed = true;
    this.#outbox.clear();
    for (const call of [...this.#pending.values()])
      call.fail(rpcErrors.CALL_CANCELLED('the channel was closed'));
    this.#stream?.cancel();
  }

  #refusal(): ServiceError {
    const [what, waitingFor] = this.#outbox.isFull ? ['bytes', 'the peer'] : ['calls', 'answers'];
    return rpcErrors.TOO_MANY_CALLS(`too many ${what} wait for ${waitingFor} already`, {
      metadata: { waitingCalls: String(this.#pending.size) },
      retryAfterMs: RETRY_AFTER_MS,
    });
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

  /**
   * Tells the server of a call that nobody waits for any more. One that was not sent yet never will be; of one whose
   * stream is retired the server cannot hear, because our side of it has ended.
   */
  #abandon(callId: number): void {
    const stream = this.#pending.get(callId)?.stream;
    if (stream === undefined) this.#outbox.remove(callId);
    else if (stream === this.#stream) this.#enqueue(cancellationOf(callId));
  }

  #nextId(): number {
    do {
      this.#lastId = this.#lastId === MAX_CALL_ID ? 1 : this.#lastId + 1;
    } while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #enqueue(item: CallItem): void {
    this.#outbox.add(item);
    if (!this.#flushing) void this.#flush();
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    while (!this.#outbox.isEmpty) {
      await endOfTurn();
      const calls = this.#outbox.take();
      if (calls.length > 0)
        await this.#send(calls).catch((error: unknown) => {
          this.#failAll(calls, error);
        });
    }
    this.#flushing = false;
  }

  async #send(calls: readonly Sized<CallItem>[]): Promise<void> {
    const stream = (this.#stream ??= this.#newStream());
    for (const { item } of calls) {
      const call = this.#pending.get(item.callId);
      if (call !== undefined) call.stream = stream;
    }
    await stream.write(encodeCalls(calls));
  }

  /** The stream could not even be opened: the channel's metadata, say, could not be made. */
  #failAll(calls: readonly Sized<CallItem>[], error: unknown): void {
    for (const { item } of calls) this.#pending.get(item.callId)?.fail(toServiceError(error));
  }

  #newStream(): ExchangeStream {
    const stream = new ExchangeStream(this.#open, {
      answered: (answers) => {
        for (const answer of answers) this.#pending.get(answer.callId)?.settle(answer);
      },
      retired: () => {
        if (this.#stream !== stream) return;
        this.#stream = undefined;
        this.#outbox.removeCancellations();
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
