import { Code, ServiceError } from '@plumbline/errors';
import { formatCaller, type CallContext } from '@plumbline/rpc';
import { mintUuidV7 } from '@plumbline/uuid';
import type { GatewayRecord } from '../domain/record.ts';

export interface RefusalDependencies {
  readonly nowUs: () => bigint;
  readonly spool: (record: GatewayRecord) => Promise<void>;
  /** Called with the reason for every refusal, recorded or not: the count that a full spool cannot lose. */
  readonly count: (reason: string) => void;
}

type RawHandler = (request: Buffer, context: CallContext) => Promise<Buffer>;

/** Makes every refusal of an authenticated call a REFUSAL record; the caller gets the refusal whether or not it is kept. */
export function recordingRefusals(dependencies: RefusalDependencies, handler: RawHandler): RawHandler {
  return async (request, context) => {
    try {
      return await handler(request, context);
    } catch (error) {
      await recordRefusal(dependencies, request, context, error);
      throw error;
    }
  };
}

async function recordRefusal(
  { nowUs, spool, count }: RefusalDependencies,
  request: Buffer,
  context: CallContext,
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
      request,
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
