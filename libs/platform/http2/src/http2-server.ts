import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { Http2Options } from './connection-options.ts';
import { Http2Connection } from './http2-connection.ts';

/** An HTTP/2 server, by prior knowledge or over TLS (RFC 9113, section 3). */
export class Http2Server {
  readonly #server: Server;
  readonly #connections = new Set<Http2Connection>();
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
        { ...tls, ALPNProtocols: ['h2'], allowHalfOpen: true, noDelay: true },
        accept,
      );
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
  }

  #accept(socket: Socket, options: Http2Options): void {
    const connection = new Http2Connection(socket, options);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
    if (this.#isClosing) connection.close();
  }
}
