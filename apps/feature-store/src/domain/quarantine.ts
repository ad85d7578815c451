import { errors } from './errors.ts';

/** A row in quarantine. */
export interface QuarantineEntry {
  readonly id: number;
  readonly source: string;
  readonly origin: string;
  readonly reason: string;
  readonly detail: string;
  /** The raw row as JSON. */
  readonly raw: Buffer;
  readonly quarantinedAtUs: bigint;
}

export interface QuarantineStore {
  /** Entries with ids below `before`, newest first; source "" is all of them. */
  list(tenant: string, source: string, before: number, limit: number): Promise<QuarantineEntry[]>;
  count(tenant: string, source: string): Promise<number>;
}

export interface QuarantinePage {
  readonly rows: readonly QuarantineEntry[];
  readonly total: number;
  /** Empty: no more. */
  readonly nextPageToken: string;
}

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1_000;

/** One page of quarantine, newest first. */
export async function listQuarantine(
  store: QuarantineStore,
  tenant: string,
  source: string,
  pageSize: number,
  pageToken: string,
): Promise<QuarantinePage> {
  const limit = Math.min(pageSize > 0 ? pageSize : DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
  const rows = await store.list(tenant, source, parseToken(pageToken), limit + 1);
  const page = rows.slice(0, limit);
  const total = await store.count(tenant, source);
  return { rows: page, total, nextPageToken: rows.length > limit ? String(page.at(-1)!.id) : '' };
}

function parseToken(token: string): number {
  if (token === '') return Number.MAX_SAFE_INTEGER;
  const id = /^\d{1,15}$/.test(token) ? Number(token) : undefined;
  if (id === undefined) throw errors.PAGE_TOKEN_INVALID('the page token is none that this method gave');
  return id;
}
