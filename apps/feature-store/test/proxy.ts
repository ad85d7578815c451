import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP port in front of a server, which a test can take away and bring back. */
export interface Proxy {
  /** The URL of the server, by way of the proxy. */
  readonly url: string;
  /** Breaks all connections and refuses new ones. */
  cut(): Promise<void>;
  restore(): Promise<void>;
}

export async function openProxy(serverUrl: string): Promise<Proxy> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;

  const track = (socket: Socket, peer: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => peer.destroy()).on('close', () => sockets.delete(socket));
    socket.pipe(peer);
  };

  async function restore(): Promise<void> {
    const opened = createServer((inbound) => {
      const outbound = connect(Number(target.port), target.hostname);
      track(inbound, outbound);
      track(outbound, inbound);
    });
    await new Promise<void>((resolve) => opened.listen(port, '127.0.0.1', resolve));
    ({ port } = opened.address() as { port: number });
    server = opened;
  }

  async function cut(): Promise<void> {
    const closing = server;
    server = undefined;
    const closed = new Promise((resolve) => (closing ? closing.close(resolve) : resolve(undefined)));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  await restore();
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return { url: url.href, cut, restore };
}
