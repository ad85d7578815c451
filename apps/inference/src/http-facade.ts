import type { RpcServer } from '@plumbline/rpc';
import { createRestFacade, type RestFacade } from '@plumbline/rest-v2';
import { isAddressInUse, PortTaken, type Scope } from '@plumbline/service';
import type { InferenceConfig } from './config.ts';

/** Beside the gRPC port; the one between is the admin port. */
const PORT_OFFSET = 2;

/** Where HTTP is served; undefined for nowhere. Unless it is set, only a replica that serves a folder by itself does. */
export function httpPort(
  settings: Pick<InferenceConfig, 'httpPort' | 'grpcPort' | 'modelRepository'>,
): number | undefined {
  const { httpPort: given, grpcPort, modelRepository } = settings;
  if (given === 'none' || (given === undefined && modelRepository === undefined)) return undefined;
  return given ?? (grpcPort === 0 ? 0 : grpcPort + PORT_OFFSET);
}

/** The REST façade of a replica, which closes with it; undefined where it serves no HTTP. */
export function mountHttp(
  scope: Scope<InferenceConfig>,
  { invoke }: RpcServer,
): { listen(): Promise<void> } | undefined {
  const { config: values, log } = scope;
  const port = httpPort(values);
  if (port === undefined) return undefined;
  const facade: RestFacade = createRestFacade({
    invoke,
    log,
    metrics: scope.metrics,
    limits: { maxBodyBytes: values.maxMessageBytes, maxJsonBytes: values.httpMaxJsonBytes },
  });
  scope.adopt(facade, 'http');
  // The other half is gRPC's, whatever callers over HTTP do.
  scope.onDrain((graceMs) => facade.drain(graceMs / 2));
  return {
    listen: async () => {
      const bound = await listen(facade, values.host, port);
      log.info({ port: bound }, 'serving HTTP');
    },
  };
}

/** @throws PortTaken, which names the setting also where the port follows from another. */
async function listen(facade: RestFacade, host: string, port: number): Promise<number> {
  try {
    return await facade.listen(host, port);
  } catch (error) {
    throw isAddressInUse(error) ? new PortTaken('HTTP_PORT', host, port) : error;
  }
}
