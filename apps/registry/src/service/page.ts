import { errors } from '../domain/errors.ts';

const DEFAULT_SIZE = 100;
const MAX_SIZE = 1_000;

/** Rows asked for; 0 means the default. */
export function pageSize(asked: number): number {
  if (asked < 0) throw errors.REQUEST_INVALID('page_size is negative');
  return Math.min(asked === 0 ? DEFAULT_SIZE : asked, MAX_SIZE);
}

/** The position before which the next page starts; undefined: the first page. Lists are newest first. */
export function beforeOf(pageToken: string): bigint | undefined {
  if (pageToken === '') return undefined;
  if (!/^[1-9]\d{0,17}$/.test(pageToken))
    throw errors.PAGE_TOKEN_INVALID('the page token is not one of ours');
  return BigInt(pageToken);
}

/** One page of `rows`, which were asked for one more than `size`, and where the next one starts. */
export function pageOf<T>(
  rows: readonly T[],
  size: number,
  positionOf: (row: T) => bigint | number,
): { readonly page: readonly T[]; readonly nextPageToken: string } {
  const page = rows.slice(0, size);
  const last = page.at(-1);
  const more = rows.length > size && last !== undefined;
  return { page, nextPageToken: more ? positionOf(last).toString() : '' };
}
