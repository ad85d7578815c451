import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, and how many requests each is busy with. */
export class Connections {
  readonly #requests = new Map<Socket, number>();
  #isDraining = false;

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#requests.set(socket, 0);
      socket.once('close', () => this.#requests.delete(socket));
    });
  }

  /** Whether answers are the last of their connections. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** A request has come. The function that it answers is to be called when the request is over. */
  enter(socket: Socket): () => void {
    this.#add(socket, 1);
    return () => {
      this.#add(socket, -1);
    };
  }

  /** Closes what has no request: Node's own does not count those that never had one. */
  drain(): void {
    this.#isDraining = true;
    for (const [socket, requests] of this.#requests) if (requests === 0) socket.destroy();
  }

  #add(socket: Socket, count: number): void {
    const requests = this.#requests.get(socket);
    if (requests !== undefined) this.#requests.set(socket, requests + count);
  }
}
