import { CoalescedService } from '@plumbline/contract-common';
import { pathOf } from '../method-path.ts';
import type { MethodInfo, ServedMethod } from '../server/call.ts';
import { composeChain } from '../server/chain.ts';
import { enforceDeadline } from '../server/interceptors/enforce-deadline.ts';
import { mapErrors } from '../server/interceptors/map-errors.ts';
import type { MethodLimits } from '../server/limits.ts';
import { exchange, type ExchangeOptions } from './exchange-session.ts';

const { exchange: method } = CoalescedService.method;

const INFO: MethodInfo = {
  path: pathOf(method),
  service: method.parent.typeName,
  name: method.name,
  kind: 'bidi_streaming',
  raw: true,
};

/** A message holds many calls; the stream lasts as long as the connection. Each call has limits of its own. */
const LIMITS: MethodLimits = {
  maxMessageBytes: 4 * 1024 * 1024,
  maxElements: Infinity,
  maxDeadlineMs: Infinity,
  defaultDeadlineMs: Infinity,
};

/** CoalescedService/Exchange, which every server has. */
export function exchangeMethod(options: ExchangeOptions): ServedMethod {
  return { info: INFO, limits: LIMITS, run: composeChain([mapErrors, enforceDeadline], exchange(options)) };
}
