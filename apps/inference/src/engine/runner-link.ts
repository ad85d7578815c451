import type { RunnerLost } from '../domain/runners/runner.ts';
import type { FromRunner, ToRunner } from './protocol.ts';

export interface LinkListener {
  readonly message: (message: FromRunner) => void;
  /** The runner is gone: nothing follows. */
  readonly ended: (why: RunnerLost) => void;
}

/** The way to one runner and back: behind it a thread or a process. */
export interface RunnerLink {
  /** Messages and the end go to this listener from now on. Called in the turn in which the link is made, then at will. */
  listen(listener: LinkListener): void;
  /** Hands the message over with the buffers in it. Of no effect when the runner is gone. */
  post(message: ToRunner): void;
  /** Ends a runner that has nothing under way. Idempotent. */
  end(): void;
  /** Resolves once a runner that was told to end is gone, with what it wrote to its own stderr; a thread has none. */
  lastWords(): Promise<string>;
  /** Gives a runner up that may have something under way. Waits for nothing. Idempotent. */
  abandon(): void;
}
