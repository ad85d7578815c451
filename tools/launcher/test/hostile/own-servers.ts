import { join } from 'node:path';
import { startNats, startPostgres, type LocalNats, type LocalPostgres } from '@plumbline/local';
import { childrenOf } from './processes.ts';

/** A Postgres and a nats-server that a test may freeze, kill and start again where they were. */
export class OwnServers {
  readonly #directory: string;
  #postgres: LocalPostgres;
  #nats: LocalNats;

  private constructor(directory: string, postgres: LocalPostgres, nats: LocalNats) {
    this.#directory = directory;
    this.#postgres = postgres;
    this.#nats = nats;
  }

  static async start(directory: string): Promise<OwnServers> {
    const postgres = await startPostgres({ dataDirectory: join(directory, 'postgres'), port: 0 });
    const nats = await startNats({ storeDirectory: join(directory, 'nats'), port: 0 });
    return new OwnServers(directory, postgres, nats);
  }

  /** What the launcher is pointed at them by. */
  get environment(): { readonly DATABASE_URL: string; readonly NATS_URL: string } {
    return { DATABASE_URL: this.#postgres.url, NATS_URL: this.#nats.url };
  }

  /** Stops all of Postgres in its tracks: connections stay open, and nothing answers. */
  freezePostgres(): () => void {
    const pids = [this.#postgres.pid, ...childrenOf(this.#postgres.pid)];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    return () => pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
  }

  async killPostgres(): Promise<() => Promise<void>> {
    const { pid, exited, port, dataDirectory } = this.#postgres;
    process.kill(pid, 'SIGKILL');
    await exited;
    return async () => void (this.#postgres = await startPostgres({ dataDirectory, port }));
  }

  async killNats(): Promise<() => Promise<void>> {
    const { pid, exited, port } = this.#nats;
    process.kill(pid, 'SIGKILL');
    await exited;
    const storeDirectory = join(this.#directory, 'nats');
    return async () => void (this.#nats = await startNats({ storeDirectory, port }));
  }

  async close(): Promise<void> {
    await this.#nats.close();
    await this.#postgres.close();
  }
}
