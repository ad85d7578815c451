import type pg from 'pg';
import { errors } from './errors.ts';
import { translateError } from './translate-error.ts';

export interface Bounds {
  /** Gives up when aborted. */
  readonly signal?: AbortSignal;
  /** Gives up after so long, waiting for a connection included; also the server's statement_timeout. */
  readonly timeoutMs?: number;
}

/** What bounds the work done for one call; a CallContext is one. */
export interface BoundedCall {
  readonly signal: AbortSignal;
  remainingMs(): number;
}

/** Of a call's remaining time, what its answer gets to travel back in: a tenth, at most this. */
const LONGEST_RETURN_MS = 100;

/**
 * The bounds of a call: `database.query(text, values, within(context))`. They end a little before the call does, so
 * that its caller still hears that it was the database which did not answer.
 */
export function within(call: BoundedCall): Required<Bounds> {
  const remainingMs = call.remainingMs();
  return { signal: call.signal, timeoutMs: remainingMs - Math.min(LONGEST_RETURN_MS, remainingMs / 10) };
}

/** statement_timeout is set per connection only when it changes, so remaining times are rounded up to these. */
const STEPS_MS = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000];
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const currentStep = new WeakMap<pg.PoolClient, number>();

/**
 * Lends `use` a connection, for at most `timeoutMs` and until `signal` aborts. A connection given up on is
 * destroyed, never returned: its query may still be running, and its answer would reach the next borrower.
 */
export async function bounded<T>(
  pool: pg.Pool,
  { signal, timeoutMs }: Bounds & { readonly timeoutMs: number },
  use: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), Math.min(Math.max(0, timeoutMs), LONGEST_TIMER_MS));
  const either = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
  const expired = (): Error =>
    signal?.aborted
      ? cancelled(signal)
      : errors.DATABASE_TIMEOUT(`no answer from the database within ${Math.round(timeoutMs)} ms`);
  try {
    if (either.aborted || timeoutMs <= 0) throw expired();
    return await lend(pool, either, expired, async (client) => {
      await setStatementTimeout(client, timeoutMs);
      return use(client);
    });
  } catch (error) {
    throw translateError(error);
  } finally {
    clearTimeout(timer);
  }
}

async function lend<T>(
  pool: pg.Pool,
  signal: AbortSignal,
  expired: () => Error,
  use: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const connecting = pool.connect();
  const client = await untilAborted(connecting, signal, expired).catch((error: unknown) => {
    connecting.then((late) => late.release()).catch(() => undefined);
    throw error;
  });
  let abandoned = false;
  try {
    return await untilAborted(use(client), signal, () => {
      abandoned = true;
      return expired();
    });
  } finally {
    client.release(abandoned || !isReusable(client));
  }
}

/** `work`, or a rejection with `expired()` as soon as the signal aborts. Late failures of `work` are ignored. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal, expired: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = () => reject(expired());
    signal.addEventListener('abort', give, { once: true });
    work
      .then(resolve, (error: unknown) => reject(error as Error))
      .finally(() => signal.removeEventListener('abort', give));
    if (signal.aborted) give();
  });
}

async function setStatementTimeout(client: pg.PoolClient, timeoutMs: number): Promise<void> {
  const step = STEPS_MS.find((ms) => ms >= timeoutMs) ?? Math.min(Math.ceil(timeoutMs), LONGEST_TIMER_MS);
  if (currentStep.get(client) === step) return;
  await client.query(`SET statement_timeout = ${step}`);
  currentStep.set(client, step);
}

/** Idle connections alone may be lent again; one left inside a transaction could not be rolled back. */
function isReusable(client: pg.PoolClient): boolean {
  return (client as unknown as { getTransactionStatus(): string | null }).getTransactionStatus() === 'I';
}

function cancelled(signal: AbortSignal): Error {
  const { reason } = signal as { reason: unknown };
  return reason instanceof Error && reason.name === 'ServiceError'
    ? reason
    : errors.CALL_CANCELLED('the call was cancelled while it waited for the database', { cause: reason });
}
