import { types } from 'node:util';
import { ServiceError } from '@plumbline/errors';
import pg from 'pg';
import { errors } from './errors.ts';

const UNREACHABLE = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'],
  ...['ENETUNREACH', 'ENOENT', 'EADDRNOTAVAIL'],
]);
/** Admin shutdown, crash shutdown, cannot connect now, too many connections; class 08 is connection exceptions. */
const UNAVAILABLE_STATES = new Set(['57P01', '57P02', '57P03', '53300']);
/** Character not in repertoire; untranslatable character: U+0000, which protobuf carries and Postgres cannot. */
const TEXT_STATES = new Set(['22021', '22P05']);
const BROKEN_CONNECTION =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|timeout expired|not queryable|after calling end/i;

/**
 * Connection failures become DATABASE_UNAVAILABLE, server-side timeouts DATABASE_TIMEOUT and text that no column can
 * hold TEXT_NOT_STORABLE. Everything else, constraint violations first of all, passes unchanged for the store to
 * interpret.
 */
export function translateError(error: unknown): unknown {
  if (error instanceof ServiceError || !types.isNativeError(error)) return error;
  const state = sqlState(error);
  if (state === '57014') {
    return errors.DATABASE_TIMEOUT('the database ran out of time for this call', { cause: error });
  }
  if (state !== undefined && TEXT_STATES.has(state)) {
    return errors.TEXT_NOT_STORABLE('a text of the request holds the character U+0000', { cause: error });
  }
  if (isConnectionFailure(error, state)) {
    return errors.DATABASE_UNAVAILABLE('the database cannot be reached', { retryAfterMs: 250, cause: error });
  }
  return error;
}

/** The five-character SQLSTATE of a database error, otherwise undefined. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** True for a violation of the unique constraint or index `constraint`, or of any where none is named. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    error instanceof pg.DatabaseError &&
    error.code === '23505' &&
    (constraint === undefined || error.constraint === constraint)
  );
}

/** True when the whole transaction may succeed if run again: serialization failure or deadlock. */
export function isRetryable(error: unknown): boolean {
  return ['40001', '40P01'].includes(sqlState(error) ?? '');
}

function isConnectionFailure(error: Error, state: string | undefined): boolean {
  if (state !== undefined) return state.startsWith('08') || UNAVAILABLE_STATES.has(state);
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof AggregateError) return error.errors.some((one) => UNREACHABLE.has(codeOf(one)));
  return UNREACHABLE.has(code ?? '') || BROKEN_CONNECTION.test(error.message);
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';
