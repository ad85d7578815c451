import { DeadLetterService } from '@plumbline/contract-events';
import { implement, type CallContext, type Implementation } from '@plumbline/rpc';
import type { Queryable } from '@plumbline/sql';
import type { Consumer } from './consume.ts';
import { listDeadLetters } from './dead-letters.ts';
import { errors } from './errors.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface DeadLetterParts {
  /** Read within the call's deadline. */
  readonly database: (call: CallContext) => Queryable;
  /** The service's own. */
  readonly consumers: readonly Consumer[];
}

/** plumbline.events.v1.DeadLetterService over a service's consumers: see what they gave up, and have it applied again. */
export function deadLetterService({ database, consumers }: DeadLetterParts): Implementation {
  const names = consumers.map(({ durable }) => durable);
  const named = (name: string): Consumer => {
    const consumer = consumers.find(({ durable }) => durable === name);
    if (consumer) return consumer;
    throw errors.CONSUMER_UNKNOWN(`no consumer is named "${name}"; there are ${names.join(', ')}`);
  };
  return implement(DeadLetterService, {
    async listDeadLetters({ consumer, limit }, context) {
      const letters = await listDeadLetters(database(context), {
        tenant: context.tenant || undefined,
        durables: consumer === '' ? names : [named(consumer).durable],
        limit: limit > 0 ? Math.min(limit, MAX_LIMIT) : DEFAULT_LIMIT,
      });
      return { letters: letters.map(({ durable, ...letter }) => ({ consumer: durable, ...letter })) };
    },
    replayDeadLetters({ consumer, eventIds }, context) {
      const malformed = eventIds.find((id) => !UUID.test(id));
      if (malformed !== undefined) throw errors.EVENT_ID_INVALID(`"${malformed}" is no UUID`);
      return named(consumer).replay({
        eventIds: eventIds.length === 0 ? undefined : eventIds,
        tenant: context.tenant || undefined,
      });
    },
  });
}
