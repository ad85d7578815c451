/** Who makes a call. */
export interface Caller {
  readonly id: string;
  readonly kind: 'service' | 'api-key' | 'anonymous';
  readonly scopes: readonly string[];
  /** The service that vouches for this caller, where one calls on behalf of another. */
  readonly via?: string;
}

/** Who a call acts for, as authentication found it. */
export interface Identity {
  readonly caller: Caller;
  /** Empty for calls outside any tenant. */
  readonly tenant: string;
}

export const ANONYMOUS: Caller = { id: '', kind: 'anonymous', scopes: [] };

/** What stands as it is in a caller's text: visible ASCII but for the sign that begins an escape. */
const ESCAPED = /[^!-$&-~]+/gu;

/**
 * `kind:id`, the form of `plumbline-caller`, of records and of logs. Always visible ASCII, as metadata must be: all else
 * in the id, and `%`, is percent-encoded as UTF-8.
 */
export function formatCaller(caller: Caller): string {
  return `${caller.kind}:${caller.id.toWellFormed().replace(ESCAPED, encodeURIComponent)}`;
}

/**
 * Reads `kind:id`, the inverse of formatCaller; undefined for anything else. Scopes do not travel: permission is decided
 * where the caller enters.
 */
export function parseCaller(text: string, via: string): Caller | undefined {
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon);
  if (kind !== 'service' && kind !== 'api-key' && kind !== 'anonymous') return undefined;
  const id = decoded(text.slice(colon + 1));
  return id === undefined ? undefined : { id, kind, scopes: [], via };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
