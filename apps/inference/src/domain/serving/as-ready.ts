import { errors } from '../errors.ts';
import { OpenRequests, type OpenBounds } from './open-requests.ts';

export interface AsReadyOptions {
  readonly bounds: OpenBounds;
  /** Fires when the stream is to break off; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Fires when the stream is to end as soon as what is open is answered; its reason is thrown then. */
  readonly draining: AbortSignal;
}

/** @param signal of this request alone, so that what is attached to it goes with it; fires when its stream is over. */
export type AnswerOne = (request: Buffer, signal: AbortSignal) => Promise<Buffer>;

/**
 * Answers the requests of a stream as they come, many at a time, and yields the answers in the order in which they are
 * ready. Within the bounds: beyond them requests are not read, so that the client is held back, be it that answers take
 * long or that the client does not read them.
 *
 * Ends when the requests have ended and all are answered. Throws what `answer` or the requests throw, after the answers
 * that are ready by then, or the reason of a signal; then the requests under way are cancelled and no further is begun.
 */
export async function* asReady(
  requests: AsyncIterable<Buffer>,
  answer: AnswerOne,
  { bounds, signal, draining }: AsReadyOptions,
): AsyncGenerator<Buffer> {
  const open = new OpenRequests(bounds);
  const forgetAbort = whenAborted(signal, (reason) => open.close(reason));
  const forgetDrain = whenAborted(draining, (reason) => open.drain(reason));
  void readInto(open, requests, answer);
  try {
    for (let ready = await open.next(); ready !== undefined; ready = await open.next()) {
      yield ready.answer;
      open.sent(ready);
    }
  } finally {
    forgetAbort();
    forgetDrain();
    open.close(errors.REQUEST_CANCELLED('the stream is over'));
  }
}

async function readInto(
  open: OpenRequests,
  requests: AsyncIterable<Buffer>,
  answer: AnswerOne,
): Promise<void> {
  try {
    for await (const request of requests) {
      if (open.isOver) return;
      const { length: requestBytes } = request;
      const controller = open.begin(requestBytes);
      answer(request, controller.signal)
        .then(
          (bytes) => open.put({ answer: bytes, requestBytes }),
          (error: unknown) => open.fail(error),
        )
        .finally(() => open.finish(controller));
      await open.room();
    }
    open.end();
  } catch (error) {
    open.fail(error);
  }
}

/** Calls back when the signal fires, or at once when it has. Answers a function that unsubscribes. */
function whenAborted(signal: AbortSignal, callback: (reason: unknown) => void): () => void {
  const abort = (): void => callback(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}
