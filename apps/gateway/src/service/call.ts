import type { CallContext } from '@plumbline/rpc';
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
