import type { ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NO_TELEMETRY } from '@plumbline/onnx';
import { BenchError } from '../bench-error.ts';
import type { Children } from './children.ts';

/** A question to a program of ours, and what comes back. */
export interface Asked {
  readonly id: number;
  readonly question: unknown;
}
export type Answered =
  { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly failure: string };

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A part of the bench in a process of its own, e.g. a load generator, that answers questions over Node's IPC. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #children: Children;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** Runs `script` under this Node. */
  static start(children: Children, script: URL): Program {
    return new Program(children, script);
  }

  private constructor(children: Children, script: URL) {
    this.#children = children;
    this.#name = basename(fileURLToPath(script));
    const args = ['--disable-warning=ExperimentalWarning', fileURLToPath(script)];
    const env = { ...process.env, ...NO_TELEMETRY };
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    this.#child = children.spawn(process.execPath, args, { stdio: [...stdio], env });
    this.#child.on('message', (message: Answered) => this.#settle(message));
    this.#child.once('exit', (code, signal) => this.#ended(`status ${code ?? signal}`));
  }

  /** Answers what the program answers. @throws BenchError where it fails or ends */
  async ask<Answer>(question: unknown): Promise<Answer> {
    const id = (this.#lastId += 1);
    if (!this.#child.connected) throw new BenchError(`${this.#name} has ended`);
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, question } satisfies Asked);
    }) as Promise<Answer>;
  }

  async stop(): Promise<void> {
    await this.#children.stop(this.#child);
  }

  #settle(message: Answered): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('failure' in message) waiting?.reject(new BenchError(`${this.#name}: ${message.failure}`));
    else waiting?.resolve(message.answer);
  }

  #ended(how: string): void {
    const error = new BenchError(`${this.#name} ended with ${how} before it answered`);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
