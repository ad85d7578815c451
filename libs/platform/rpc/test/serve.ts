import { TestService } from '@plumbline/contract-grpc-testing';
import {
  authenticateServices,
  createChannel,
  createClient,
  createServer,
  implement,
  serviceToken,
  type Channel,
  type ChannelOptions,
  type Client,
  type Handlers,
  type Implementation,
  type Log,
  type RpcServer,
  type ServerOptions,
} from '../src/index.ts';

export const SECRET = 'a secret for tests';

export interface LogLine {
  readonly level: keyof Log;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export interface RecordedLog extends Log {
  readonly lines: LogLine[];
}

export function recordLog(): RecordedLog {
  const lines: LogLine[] = [];
  const at = (level: keyof Log) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const resources: { close(): unknown }[] = [];

/** Closes what `serve` and `adopt` made, newest first. For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const resource of resources.splice(0).reverse()) await resource.close();
}

export function adopt<T extends { close(): unknown }>(resource: T): T {
  resources.push(resource);
  return resource;
}

export interface Served {
  readonly server: RpcServer;
  readonly port: number;
  readonly address: string;
  readonly channel: Channel;
  readonly client: Client<typeof TestService>;
  readonly log: RecordedLog;
}

/** A server on a free port that serves grpc's TestService with these handlers, and a client with a service token. */
export function serve(
  handlers: Handlers<typeof TestService>,
  options: Partial<ServerOptions> = {},
  channelOptions: ChannelOptions = {},
): Promise<Served> {
  return serveImplementations([implement(TestService, handlers)], options, channelOptions);
}

export async function serveImplementations(
  implementations: readonly Implementation[],
  options: Partial<ServerOptions> = {},
  channelOptions: ChannelOptions = {},
): Promise<Served> {
  const log = recordLog();
  const server = adopt(
    createServer({ implementations, authenticate: authenticateServices(SECRET), log, ...options }),
  );
  const port = await server.listen('127.0.0.1', 0);
  const address = `127.0.0.1:${port}`;
  const channel = connect(address, channelOptions);
  return { server, port, address, channel, client: createClient(TestService, channel), log };
}

export function connect(address: string, options: ChannelOptions = {}): Channel {
  return adopt(
    createChannel(address, {
      metadata: () => ({ authorization: serviceToken('gateway', SECRET) }),
      ...options,
    }),
  );
}
