import type { ServiceError } from '@plumbline/errors';
import { ServerCallContext } from '../context/server-call-context.ts';
import type { MetadataMap } from '../context/metadata.ts';
import { rpcErrors } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RunCall, ServedMethod, ServerCall } from '../server/call.ts';
import type { InFlightCalls } from '../server/in-flight.ts';
import { checkSize, clampTimeoutMs } from '../server/limits.ts';
import type { Router } from '../server/router.ts';
import { encodeStatus } from '../status/encode-status.ts';
import { toServiceError } from '../status/to-service-error.ts';
import { AnswerOutbox } from './answer-outbox.ts';
import { decodeCalls } from './decode-frame.ts';
import { MAX_METADATA_ENTRIES, MAX_READ_BYTES } from './frame-limits.ts';
import { ItemMetadata } from './item-metadata.ts';
import { EMPTY_ANSWER, type AnswerItem, type CallItem } from './items.ts';

export interface ExchangeOptions {
  readonly router: Router;
  /** Answers items whose method the router has not, or not as a unary one. */
  readonly unknownMethod: ServedMethod;
  readonly log: Log;
  /** Where the items count as calls in flight. */
  readonly calls: InFlightCalls;
  /** Aborts when the server starts to drain. */
  readonly draining: AbortSignal;
}

/** With this many items at work, or a full outbox, the session reads no further: the client's writes wait. */
const MAX_ACTIVE = 8_192;

/** Serves one coalesced stream: starts every item as a call of its own, and sends answers as they come. */
export function exchange(options: ExchangeOptions): RunCall {
  return (call) => new ExchangeSession(call, options).run();
}

type OpenCall = ServerCall & { readonly run: RunCall };

class ExchangeSession {
  readonly #stream: ServerCall;
  readonly #options: ExchangeOptions;
  readonly #outbox: AnswerOutbox;
  readonly #active = new Map<number, ServerCallContext>();
  #wake: (() => void) | undefined;

  constructor(stream: ServerCall, options: ExchangeOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#outbox = new AnswerOutbox(
      (frame) => this.#send(frame),
      () => this.#wake?.(),
    );
  }

  async run(): Promise<void> {
    const { draining } = this.#options;
    const announce = (): void => {
      this.#outbox.announceDraining();
    };
    draining.addEventListener('abort', announce);
    if (draining.aborted) announce();
    this.#stream.context.onCancel((error) => {
      for (const context of [...this.#active.values()]) context.cancel(error);
    });
    try {
      for await (const frame of this.#stream.requests ?? []) {
        checkSize(frame, { maxMessageBytes: MAX_READ_BYTES });
        await this.#start(decodeCalls(frame));
      }
      await this.#until(() => this.#active.size === 0);
      await this.#outbox.flushed();
    } finally {
      draining.removeEventListener('abort', announce);
    }
  }

  /** At once: that it holds what belongs together, the outbox has seen to. */
  async #send(frame: Buffer): Promise<void> {
    const sent = this.#stream.send?.(frame);
    this.#stream.flush?.();
    await sent;
  }

  async #start(items: readonly CallItem[]): Promise<void> {
    for (const item of items) {
      if (item.cancel) this.#cancel(item.callId);
      else void this.#answer(item, this.#open(item));
    }
    await this.#until(() => this.#active.size < MAX_ACTIVE && !this.#outbox.isFull);
  }

  #cancel(callId: number): void {
    this.#active.get(callId)?.cancel(rpcErrors.CALL_CANCELLED('the client cancelled the call'));
  }

  /** @throws ServiceError MALFORMED_MESSAGE for an id in flight: its answers could not be told apart */
  #open(item: CallItem): OpenCall {
    const { router, unknownMethod, log, calls } = this.#options;
    if (this.#active.has(item.callId)) {
      throw rpcErrors.MALFORMED_MESSAGE(`call id ${item.callId} is in flight already`);
    }
    const served = router.get(item.method);
    const method = served?.info.kind === 'unary' ? served : unknownMethod;
    const context = new ServerCallContext({
      method: method.info.path,
      requestMetadata: new ItemMetadata(item, this.#stream.context.requestMetadata),
      timeoutMs: clampTimeoutMs(item.timeoutMs === 0 ? undefined : item.timeoutMs, method.limits),
      log,
    });
    this.#active.set(item.callId, context);
    calls.enter(context);
    return { method: method.info, run: method.run, context, request: item.payload };
  }

  /** Never fails: what the call throws becomes its answer. */
  async #answer({ callId }: CallItem, call: OpenCall): Promise<void> {
    const { context } = call;
    let answer: AnswerItem;
    try {
      await call.run(call);
      answer = success(callId, call);
    } catch (error) {
      answer = failure(callId, context, toServiceError(error));
    }
    this.#active.delete(callId);
    this.#outbox.add(readable(answer));
    this.#options.calls.leave(context);
    context.close();
    this.#wake?.();
  }

  /** Looks again after every call that ends and every message that leaves. */
  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }
}

function success(callId: number, { context, response }: ServerCall): AnswerItem {
  return {
    ...EMPTY_ANSWER,
    callId,
    trailers: trailersOf(context),
    payload: response ?? EMPTY_ANSWER.payload,
  };
}

function failure(callId: number, context: ServerCallContext, error: ServiceError): AnswerItem {
  const { code } = error;
  return { ...EMPTY_ANSWER, callId, code, statusDetails: encodeStatus(error), trailers: trailersOf(context) };
}

/** Metadata that no client reads would cost all calls of the stream their answers. */
function readable(answer: AnswerItem): AnswerItem {
  const { callId, trailers } = answer;
  if (trailers === undefined || trailers.size <= MAX_METADATA_ENTRIES) return answer;
  const error = rpcErrors.TOO_MANY_ELEMENTS(
    `the answer has more than ${MAX_METADATA_ENTRIES} headers and trailers`,
  );
  return { ...EMPTY_ANSWER, callId, code: error.code, statusDetails: encodeStatus(error) };
}

/** Items have no headers of their own, so these travel with the trailers. */
function trailersOf({ responseHeaders, responseTrailers }: ServerCallContext): MetadataMap | undefined {
  if (responseHeaders.isEmpty) return responseTrailers.isEmpty ? undefined : responseTrailers;
  for (const [name, value] of responseTrailers.entries()) responseHeaders.set(name, value);
  return responseHeaders;
}
