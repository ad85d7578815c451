import type { ClientHttp2Session } from 'node:http2';
import type { Client } from '@grpc/grpc-js';
import { pingWhileClosing } from '../ping-while-closing.ts';

/** What grpc-js 1.14.7 has and does not export: the way from a client to the connections that it makes. */
interface ClientInternals {
  readonly internalChannel: { readonly subchannelPool: SubchannelPool };
}

interface SubchannelPool {
  getOrCreateSubchannel(...ofAddress: unknown[]): { readonly connector: Connector };
}

interface Connector {
  connect(...toAddress: unknown[]): Promise<{ readonly session: ClientHttp2Session }>;
}

/**
 * Lets calls end on connections whose server drains, however long they take: a client of grpc-js drops such a connection
 * with its next keepalive ping. For clients with a subchannel pool of their own, before their first call.
 *
 * @throws Error when this grpc-js is not built as expected: better not to start than to lose calls in every shutdown
 */
export function adaptClient(client: Client): void {
  const { subchannelPool: pool } = internalsOf(client).internalChannel;
  const getOrCreate = pool.getOrCreateSubchannel.bind(pool);
  const adapted = new WeakSet<Connector>();
  pool.getOrCreateSubchannel = (...ofAddress) => {
    const subchannel = getOrCreate(...ofAddress);
    const { connector } = subchannel;
    if (!adapted.has(connector)) adaptConnector(connector);
    adapted.add(connector);
    return subchannel;
  };
}

function adaptConnector(connector: Connector): void {
  if (typeof connector?.connect !== 'function') throw unexpected();
  const connect = connector.connect.bind(connector);
  connector.connect = async (...toAddress) => {
    const transport = await connect(...toAddress);
    pingWhileClosing(transport.session);
    return transport;
  };
}

function internalsOf(client: Client): ClientInternals {
  const channel = client.getChannel() as Partial<ClientInternals>;
  if (typeof channel.internalChannel?.subchannelPool?.getOrCreateSubchannel !== 'function') {
    throw unexpected();
  }
  return channel as ClientInternals;
}

const unexpected = (): Error =>
  new Error('this version of @grpc/grpc-js is built otherwise: check client/grpc-internals.ts against it');
