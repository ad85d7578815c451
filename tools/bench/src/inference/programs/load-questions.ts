import type { RequestShape } from '../infer-requests.ts';

/** What a load program does next. Each question is answered with the report of its loop; `stop` ends the open one. */
export type LoadQuestion =
  | ({ readonly kind: 'closed'; readonly inFlight: number; readonly requests: number } & LoadTarget)
  | ({ readonly kind: 'open'; readonly perSecond: number; readonly seconds?: number } & LoadTarget)
  | { readonly kind: 'stop' };

export interface LoadTarget {
  readonly address: string;
  readonly shape: RequestShape;
}

/** Different requests that a load program cycles through. */
export const DIFFERENT_REQUESTS = 256;
