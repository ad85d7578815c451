import { GRPCInferenceService } from '@plumbline/contract-oip';
import { createChannel, createClient, type Channel, type Client } from '@plumbline/rpc';

/** A server under test. */
export interface Target {
  /** host:port of its gRPC service. */
  readonly address: string;
  /** host:port of its REST service, where it has one. */
  readonly httpAddress: string | undefined;
  /** host:port of its page of metrics, where it has one. */
  readonly metricsAddress: string | undefined;
  /** Whether it is this repository's own service, which has to offer everything. */
  readonly own: boolean;
  readonly channel: Channel;
  readonly client: Client<typeof GRPCInferenceService>;
  /** The extensions that ServerMetadata names. */
  readonly extensions: ReadonlySet<string>;
  /** The models of the suite that it can infer. */
  readonly readyModels: ReadonlySet<string>;
  readonly close: () => void;
}

export interface TargetOptions {
  readonly address: string;
  readonly httpAddress?: string | undefined;
  readonly metricsAddress?: string | undefined;
  readonly own: boolean;
  /** Models to ask for. */
  readonly models: readonly string[];
}

/** Of a call that no check gives another. */
const CALL_TIMEOUT_MS = 10_000;

/** The server does not answer ServerMetadata. */
export class Unreachable extends Error {}

/** Connects and asks what the server offers. @throws Unreachable */
export async function openTarget(options: TargetOptions): Promise<Target> {
  const connection = connect(options.address);
  const { client } = connection;
  const { extensions } = await client.serverMetadata({}).catch((error: Error) => {
    connection.close();
    throw new Unreachable(`${options.address} does not answer ServerMetadata: ${error.message}`);
  });
  const ready = await Promise.all(
    options.models.map(async (name) => ((await isReady(client, name)) ? [name] : [])),
  );
  return {
    address: options.address,
    httpAddress: options.httpAddress,
    metricsAddress: options.metricsAddress,
    own: options.own,
    extensions: new Set(extensions),
    readyModels: new Set(ready.flat()),
    ...connection,
  };
}

/** The same server over a connection of its own, so that a check that breaks one leaves the others theirs. */
export function reconnected(target: Target): Target {
  return { ...target, ...connect(target.address) };
}

function connect(address: string): Pick<Target, 'channel' | 'client' | 'close'> {
  const channel = createChannel(address, {
    maxReceiveMessageBytes: 256 * 1024 * 1024,
    defaultTimeoutMs: CALL_TIMEOUT_MS,
    keepalive: { intervalMs: 60_000, timeoutMs: 20_000 },
  });
  return { channel, client: createClient(GRPCInferenceService, channel), close: () => channel.close() };
}

/** False too where the server has no such model and says so by a status. */
export async function isReady(client: Client<typeof GRPCInferenceService>, name: string): Promise<boolean> {
  return client.modelReady({ name }).then(
    ({ ready }) => ready,
    () => false,
  );
}
