import { Code, ServiceError } from '@plumbline/errors';
import { formatCaller, type InterceptedCall, type Interceptor } from '@plumbline/rpc';
import { mintUuidV7 } from '@plumbline/uuid';
import type { GatewayRecord } from '../domain/record.ts';

export interface RefusalDependencies {
  readonly nowUs: () => bigint;
  readonly spool: (record: GatewayRecord) => Promise<void>;
  /** Called with the reason for every refusal, recorded or not: the count that a full spool cannot lose. */
  readonly count: (reason: string) => void;
}

/**
 * Makes every refusal after authentication a REFUSAL record, those of the limits included; the caller gets the refusal
 * whether or not it is kept.
 */
export function recordRefusals(dependencies: RefusalDependencies): Interceptor {
  return async (call, next) => {
    try {
      await next();
    } catch (error) {
      await recordRefusal(dependencies, call, error);
      throw error;
    }
  };
}

async function recordRefusal(
  { nowUs, spool, count }: RefusalDependencies,
  { context, request }: InterceptedCall,
  error: unknown,
): Promise<void> {
  const reason = error instanceof ServiceError ? error.reason : 'INTERNAL';
  count(reason);
  // What no tenant asked for belongs in no tenant's log.
  if (context.tenant === '' || (error instanceof ServiceError && error.code === Code.CANCELLED)) return;
  try {
    await spool({
      kind: 'refusal',
      eventId: mintUuidV7(nowUs()),
      tenant: context.tenant,
      caller: formatCaller(context.caller),
      method: context.method,
      request: request ?? Buffer.alloc(0),
      answer: Buffer.alloc(0),
      atUs: nowUs(),
      facts: undefined,
      payload: undefined,
      refusal: reason,
    });
  } catch (spoolError) {
    context.log.warn({ error: spoolError, reason }, 'a refusal could not be recorded, only counted');
  }
}
