import { CoalescedService } from '@plumbline/contract-common';
import { pathOf } from '../method-path.ts';
import type { MethodInfo, ServedMethod } from '../server/call.ts';
import { composeChain } from '../server/chain.ts';
import { supervise } from '../server/interceptors/supervise.ts';
import type { CallLimits } from '../server/limits.ts';
import { MAX_READ_BYTES } from './frame-limits.ts';
import { exchange, type ExchangeOptions } from './exchange-session.ts';

const { exchange: method } = CoalescedService.method;

const INFO: MethodInfo = {
  path: pathOf(method),
  service: method.parent.typeName,
  name: method.name,
  kind: 'bidi_streaming',
  raw: true,
};

/**
 * The stream lasts as long as its connection. A message has at most these bytes and 4,096 items, and fails the stream
 * otherwise. Each item has the limits of its own method. What the session holds at once is bounded in its place: see
 * MAX_ACTIVE there and the answer outbox.
 */
export const EXCHANGE_LIMITS: CallLimits = {
  maxMessageBytes: MAX_READ_BYTES,
  maxDeadlineMs: Infinity,
  defaultDeadlineMs: Infinity,
};

/** CoalescedService/Exchange, which every server has. */
export function exchangeMethod(options: ExchangeOptions): ServedMethod {
  const run = composeChain([supervise], exchange(options));
  return { info: INFO, limits: EXCHANGE_LIMITS, run };
}
