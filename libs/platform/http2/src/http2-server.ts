import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { Http2Options } from './connection-options.ts';
import { Http2Connection } from './http2-connection.ts';

/** How long a client may take over the TLS handshake. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How long connections that are ended may take over it. */
const LINGER_MS = 1_000;

/** An HTTP/2 server, by prior knowledge or over TLS (RFC 9113, section 3). */
export class Http2Server {
  readonly #server: Server;
  readonly #connections = new Set<Http2Connection>();
  /** Also those that have not come to be connections: over TLS the handshake is first. */
  readonly #sockets = new Set<Socket>();
  #isClosing = false;
  #whenClosed: Promise<void> | undefined;

  /** @param tls without it, in plaintext */
  constructor(options: Http2Options, tls?: TlsOptions) {
    const accept = (socket: Socket): void => {
      this.#accept(socket, options);
    };
    if (tls === undefined) this.#server = createServer({ noDelay: true, allowHalfOpen: true }, accept);
    else
      this.#server = createTlsServer(
        {
          handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
          ...tls,
          ALPNProtocols: ['h2'],
          allowHalfOpen: true,
          noDelay: true,
        },
        (socket) => {
          if (socket.alpnProtocol === 'h2') accept(socket);
          else socket.destroy();
        },
      ).on('tlsClientError', (_error, socket) => socket.destroy());
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Resolves with the port, which the system chooses when asked for 0. Rejects where it cannot listen. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Accepts nothing more; resolves when what is under way is answered and every connection is closed. */
  close(): Promise<void> {
    this.#isClosing = true;
    this.#whenClosed ??= new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const connection of [...this.#connections]) connection.close();
    return this.#whenClosed;
  }

  /** Ends every connection. After `close`, which then resolves. */
  destroy(): void {
    for (const connection of [...this.#connections]) connection.destroy();
    setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, LINGER_MS).unref();
  }

  #accept(socket: Socket, options: Http2Options): void {
    const connection = new Http2Connection(socket, options);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
    if (this.#isClosing) connection.close();
  }
}
