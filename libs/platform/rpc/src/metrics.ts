import type { CodeName } from '@plumbline/errors';
import { Histogram, type Registry } from 'prom-client';

/** Where measurements go: a Prometheus registry. */
export type Metrics = Registry;

export interface ServerMetrics {
  /** `method` is a path that the server has, or UNKNOWN_METHOD. */
  callEnded(method: string, code: CodeName, seconds: number): void;
}

type Child = Pick<Histogram.Internal<string>, 'observe'>;

/** Stands for methods the server does not have, so that callers cannot make up label values. */
export const UNKNOWN_METHOD = '_OTHER';

const NAME = 'rpc_server_call_duration_seconds';
const BUCKETS = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/**
 * OpenTelemetry's `rpc.server.call.duration` as Prometheus spells it, with labels `rpc_method` (fully qualified) and
 * `rpc_status_code`. Items of a coalesced stream are calls like all others. Without a registry nothing is measured.
 */
export function serverMetrics(registry: Metrics | undefined): ServerMetrics {
  if (registry === undefined) return { callEnded: () => undefined };
  const histogram =
    (registry.getSingleMetric(NAME) as Histogram<'rpc_method' | 'rpc_status_code'> | undefined) ??
    new Histogram({
      name: NAME,
      help: 'Time from the arrival of a call to the end of its answer.',
      labelNames: ['rpc_method', 'rpc_status_code'],
      buckets: BUCKETS,
      registers: [registry],
    });
  const children = new Map<string, Map<CodeName, Child>>();
  const childOf = (method: string, code: CodeName): Child => {
    const child = histogram.labels({ rpc_method: method, rpc_status_code: code });
    const codes = children.get(method) ?? new Map<CodeName, Child>();
    children.set(method, codes.set(code, child));
    return child;
  };
  return {
    callEnded(method, code, seconds) {
      (children.get(method)?.get(code) ?? childOf(method, code)).observe(seconds);
    },
  };
}
