export { createServer } from './server/create-server.ts';
export type { Keepalive, ReceiveWindows, RpcServer, ServerOptions } from './server/server-options.ts';
export {
  implement,
  implementRaw,
  implementRawStreams,
  type Handler,
  type Handlers,
  type Implementation,
  type RawHandler,
  type RawStreamHandler,
} from './server/implementation.ts';
export type { Invoke, InvokeOptions } from './server/in-process.ts';
export type { InterceptedCall, Interceptor, MethodInfo } from './server/call.ts';
export type { LimitOptions, MethodLimits } from './server/limits.ts';
export { createChannel, type Channel, type ChannelOptions } from './client/channel.ts';
export { createClient, type Client } from './client/create-client.ts';
export { rawUnary } from './client/raw-unary.ts';
export type { RawResponse } from './client/plain-unary.ts';
export type { CallOptions } from './client/call-options.ts';
export type { CallContext } from './context/call-context.ts';
export { ANONYMOUS, formatCaller, type Caller, type Identity } from './context/caller.ts';
export {
  MetadataMap,
  asBuffer,
  type MetadataValue,
  type MutableMetadata,
  type ReadonlyMetadata,
} from './context/metadata.ts';
export { metadataNames } from './context/metadata-names.ts';
export { HealthRegistry, type ServingStatus } from './health/health-registry.ts';
export type { Authenticate } from './identity/authenticate.ts';
export { authenticateServices, serviceToken } from './identity/service-token.ts';
export { requireTenant } from './identity/require-tenant.ts';
export { withFields, type Log } from './log.ts';
export type { Metrics } from './metrics.ts';
export { rpcErrors } from './errors.ts';
