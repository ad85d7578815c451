import type { Exchange } from '../http/exchange.ts';

/** The model and version that a path names; both empty where it names none. */
export function modelOf({ params }: Pick<Exchange, 'params'>): { name: string; version: string } {
  return { name: params['model'] ?? '', version: params['version'] ?? '' };
}
