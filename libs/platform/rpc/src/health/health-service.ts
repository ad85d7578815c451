import { Health, HealthCheckResponse_ServingStatus } from '@plumbline/contract-grpc';
import type { CallContext } from '../context/call-context.ts';
import { rpcErrors } from '../errors.ts';
import { implement, type Implementation } from '../server/implementation.ts';
import type { HealthRegistry, ServingStatus } from './health-registry.ts';

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

/** grpc.health.v1: Check, List and Watch over a registry. */
export function healthService(registry: HealthRegistry): Implementation {
  return implement(Health, {
    check: ({ service }) => {
      const status = registry.get(service);
      if (status === undefined)
        throw rpcErrors.HEALTH_SERVICE_UNKNOWN(`the server has no service "${service}"`);
      return { status: toWire(status) };
    },
    list: () => ({
      statuses: Object.fromEntries(
        registry.entries().map(([name, status]) => [name, { status: toWire(status) }]),
      ),
    }),
    watch: ({ service }, context) => watch(registry, service, context),
  });
}

function toWire(status: ServingStatus | undefined): HealthCheckResponse_ServingStatus {
  if (status === undefined) return SERVICE_UNKNOWN;
  return status === 'SERVING' ? SERVING : NOT_SERVING;
}

/** The status now and after every change. A reader that lags sees the newest, not each one in between. */
async function* watch(
  registry: HealthRegistry,
  service: string,
  { signal }: CallContext,
): AsyncGenerator<{ status: HealthCheckResponse_ServingStatus }> {
  let wake = (): void => undefined;
  const unwatch = registry.watch((changed) => {
    if (changed === service) wake();
  });
  signal.addEventListener('abort', () => wake());
  try {
    let sent: HealthCheckResponse_ServingStatus | undefined;
    while (!signal.aborted) {
      const status = toWire(registry.get(service));
      if (status === sent) await new Promise<void>((resolve) => (wake = resolve));
      else yield { status: (sent = status) };
    }
  } finally {
    unwatch();
  }
}
