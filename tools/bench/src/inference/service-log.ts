import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { BenchError } from '../bench-error.ts';

const KEPT_LINES = 20;

/** Where a service listens. */
export interface Ports {
  readonly grpc: number;
  readonly admin: number;
}

/** Reads a service's log to its end, so that the service is never held up by it, and keeps the last lines. */
export class ServiceLog {
  /** Rejects with a BenchError where the service ends first. */
  readonly ports: Promise<Ports>;
  readonly #said: string[] = [];
  #ended: string | undefined;

  constructor(child: ChildProcess) {
    this.ports = new Promise((resolve, reject) => {
      const ports: Partial<Record<keyof Ports, number>> = {};
      const read = (line: string): void => {
        if (this.#said.push(line) > KEPT_LINES) this.#said.shift();
        Object.assign(ports, portIn(line));
        const { grpc, admin } = ports;
        if (grpc !== undefined && admin !== undefined) resolve({ grpc, admin });
      };
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream as Readable }).on('line', read);
      }
      child.once('close', (code, signal) => {
        this.#ended = `the inference service ended with ${code ?? signal}. It said:\n${this.#said.join('\n')}`;
        reject(new BenchError(this.#ended));
      });
    });
  }

  /** How the service ended and what it said last; undefined while it runs. */
  get ended(): string | undefined {
    return this.#ended;
  }
}

/** The port that a line of the log tells, if it does. */
function portIn(line: string): Partial<Ports> {
  try {
    const { message, port } = JSON.parse(line) as { message?: string; port: number };
    if (message === 'serving') return { grpc: port };
    return message === 'admin port is open' ? { admin: port } : {};
  } catch {
    return {}; // not written by the service's log: Node itself
  }
}
