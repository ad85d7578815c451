import { Code, ServiceError, type CodeName } from '@plumbline/errors';
import type { Log } from '../../log.ts';
import type { ServerMetrics } from '../../metrics.ts';
import type { ServerCall } from '../call.ts';
import type { ServerInterceptor } from '../chain.ts';

/**
 * Outermost: one measurement and one log line per call, whatever happened inside. Successes of raw methods write no
 * line: they come by the ten thousand a second, and the services behind them keep records of their own.
 */
export function observe(log: Log, metrics: ServerMetrics): ServerInterceptor {
  return async (call, next) => {
    const startedMs = performance.now();
    let failure: unknown;
    try {
      await next();
    } catch (error) {
      failure = error;
    }
    const durationMs = performance.now() - startedMs;
    const code = failure === undefined ? 'OK' : codeOf(failure);
    metrics.callEnded(call.method.path, code, durationMs / 1_000);
    write(log, call, code, durationMs, failure);
    if (failure !== undefined) throw failure;
  };
}

const codeOf = (failure: unknown): CodeName =>
  failure instanceof ServiceError ? failure.codeName : 'UNKNOWN';

const DEFECTS: ReadonlySet<number> = new Set([Code.UNKNOWN, Code.INTERNAL, Code.DATA_LOSS]);

function write(log: Log, call: ServerCall, code: CodeName, durationMs: number, failure: unknown): void {
  if (failure === undefined) {
    if (!call.method.raw) log.info({ ...call.context.logFields(), code, durationMs }, 'call answered');
    return;
  }
  const fields = { ...call.context.logFields(), code, durationMs, ...describe(failure) };
  if (failure instanceof ServiceError && !DEFECTS.has(failure.code)) log.info(fields, 'call refused');
  else log.error(fields, 'call failed');
}

/** The reason, and what went wrong underneath: the only place where a hidden cause shows. */
function describe(failure: unknown): object {
  if (!(failure instanceof ServiceError)) return { error: failure };
  const { reason, cause } = failure;
  return cause === undefined ? { reason } : { reason, error: cause };
}
