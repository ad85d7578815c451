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

/** `kind:id`, the form of `plumbline-caller`. */
export function formatCaller(caller: Caller): string {
  return `${caller.kind}:${caller.id}`;
}

/** Reads `kind:id`; undefined for anything else. Scopes do not travel: permission is decided where the caller enters. */
export function parseCaller(text: string, via: string): Caller | undefined {
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon);
  if (kind !== 'service' && kind !== 'api-key' && kind !== 'anonymous') return undefined;
  return { id: text.slice(colon + 1), kind, scopes: [], via };
}
