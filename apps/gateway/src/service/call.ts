import type { CallContext, ReadonlyMetadata } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import type { RoutingTable } from '../domain/routing.ts';

/** Refuses a caller that lacks a scope. Service identities act with their own rights. */
export function requireScope(context: CallContext, scope: string): void {
  const { caller } = context;
  if (caller.kind === 'service' || caller.scopes.includes(scope)) return;
  throw errors.SCOPE_MISSING(`the caller lacks the scope "${scope}"`, { metadata: { scope } });
}

/** The table in force. @throws NOT_READY */
export function requireTable(table: RoutingTable | undefined): RoutingTable {
  if (table === undefined) throw errors.NOT_READY('the gateway has no routes yet', { retryAfterMs: 500 });
  return table;
}

/** Instants are kept exactly up to here, in the year 2255. */
const LAST_INSTANT_US = BigInt(Number.MAX_SAFE_INTEGER);

/** The instant as it is, 0 for now. @throws INSTANT_INVALID */
export function requireInstant(instantUs: bigint): bigint {
  if (instantUs >= 0n && instantUs <= LAST_INSTANT_US) return instantUs;
  throw errors.INSTANT_INVALID(`${instantUs} µs lies before 1970 or after 2255`);
}

/** The instant that a call's metadata asks for, 0 for now. @throws INSTANT_INVALID */
export function instantFrom(metadata: ReadonlyMetadata): bigint {
  const text = metadata.get('plumbline-as-of-us') ?? '0';
  if (!/^\d{1,18}$/.test(text))
    throw errors.INSTANT_INVALID('metadata plumbline-as-of-us is no instant in microseconds');
  return requireInstant(BigInt(text));
}
