import { pathOf } from '../method-path.ts';
import type { ServedMethod } from './call.ts';
import type { ServerInterceptor } from './chain.ts';
import type { Implementation, MethodImplementation } from './implementation.ts';
import { limitsOf, type LimitOptions } from './limits.ts';
import { serveMethod } from './serve-method.ts';

/** Method path (`plumbline.audit.v1.AuditService/Append`) → how it is served. */
export type Router = ReadonlyMap<string, ServedMethod>;

/** @throws TypeError when two implementations have the same method, or a limit names a method that none has */
export function buildRouter(
  implementations: readonly Implementation[],
  limits: LimitOptions,
  interceptors: readonly ServerInterceptor[],
): Router {
  const router = new Map<string, ServedMethod>();
  for (const implementation of implementations.flatMap(({ methods }) => methods)) {
    const served = serve(implementation, limits, interceptors);
    if (router.has(served.info.path)) throw new TypeError(`${served.info.path} is implemented twice`);
    router.set(served.info.path, served);
  }
  const unknown = Object.keys(limits.perMethod ?? {}).filter((path) => !router.has(path));
  if (unknown.length > 0)
    throw new TypeError(`limits for methods that are not served: ${unknown.join(', ')}`);
  return router;
}

function serve(
  implementation: MethodImplementation,
  limits: LimitOptions,
  interceptors: readonly ServerInterceptor[],
): ServedMethod {
  const { method } = implementation;
  return serveMethod(implementation, limitsOf(method, pathOf(method), limits), interceptors);
}
