import { Code, ServiceError, type CodeName } from '@plumbline/errors';
import type { Log } from '../../log.ts';
import type { ServerMetrics } from '../../metrics.ts';
import type { ServerCall } from '../call.ts';
import type { ServerInterceptor } from '../chain.ts';

/**
 * Asked every few seconds by whoever watches a server of the Open Inference Protocol, which names them. The other such
 * probe, grpc.health.v1, is not observed at all.
 */
const PROBES: ReadonlySet<string> = new Set([
  'inference.GRPCInferenceService/ServerLive',
  'inference.GRPCInferenceService/ServerReady',
  'inference.GRPCInferenceService/ModelReady',
]);

/**
 * Outermost: one measurement and one log line per call, whatever happened inside; of a probe that succeeds, one for
 * debugging. Successes of raw methods write no line: they come by the ten thousand a second, and the services behind them keep records of their own.
 */
export function observe(log: Log, metrics: ServerMetrics): ServerInterceptor {
  const ended = (call: ServerCall, code: CodeName, startedMs: number): number => {
    const durationMs = performance.now() - startedMs;
    metrics.callEnded(call.method.path, code, durationMs / 1_000);
    return durationMs;
  };
  return (call, next) => {
    const startedMs = performance.now();
    return next().then(
      () => {
        logSuccess(log, call, ended(call, 'OK', startedMs));
      },
      (error: unknown) => {
        const code = codeOf(error);
        logFailure(log, call, code, ended(call, code, startedMs), error);
        throw error;
      },
    );
  };
}

const codeOf = (failure: unknown): CodeName =>
  failure instanceof ServiceError ? failure.codeName : 'UNKNOWN';

const DEFECTS: ReadonlySet<number> = new Set([Code.UNKNOWN, Code.INTERNAL, Code.DATA_LOSS]);

function logSuccess(log: Log, { method, context }: ServerCall, durationMs: number): void {
  if (method.raw) return;
  const fields = { ...context.logFields(), code: 'OK', durationMs };
  if (PROBES.has(method.path)) log.debug(fields, 'call answered');
  else log.info(fields, 'call answered');
}

function logFailure(
  log: Log,
  { context }: ServerCall,
  code: CodeName,
  durationMs: number,
  failure: unknown,
): void {
  const fields = { ...context.logFields(), code, durationMs, ...describe(failure) };
  if (failure instanceof ServiceError && !DEFECTS.has(failure.code)) log.info(fields, 'call refused');
  else log.error(fields, 'call failed');
}

/** The reason, and what went wrong underneath: the only place where a hidden cause shows. */
function describe(failure: unknown): object {
  if (!(failure instanceof ServiceError)) return { error: failure };
  const { reason, cause } = failure;
  return cause === undefined ? { reason } : { reason, error: cause };
}
