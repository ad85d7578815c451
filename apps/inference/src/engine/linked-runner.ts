import { elementCount, elementSizeBytes } from '@plumbline/tensors';
import type { ServiceError } from '@plumbline/errors';
import { errors } from '../domain/errors.ts';
import type { Device } from '../domain/runners/devices.ts';
import {
  RunFailed,
  RunnerLost,
  type Batch,
  type BatchOutput,
  type BatchResult,
  type ModelFile,
  type Runner,
} from '../domain/runners/runner.ts';
import type { ModelSignature } from '../domain/signature.ts';
import type { FromRunner, Opened, OpenRequest, Refused } from './protocol.ts';
import { machineUs, timesOf } from './run-times.ts';
import type { RunnerLink } from './runner-link.ts';

interface Waiting {
  readonly id: number;
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (error: unknown) => void;
  readonly handedUs: number;
}

/** The model may end the process that it runs in, so it was not opened in the service's own. */
export class MisplacedModel extends Error {
  override readonly name = 'MisplacedModel';
}

/** A runner at the other end of a link: keeps the account of its runs, whatever it runs in. */
export class LinkedRunner implements Runner {
  readonly signature: ModelSignature;
  readonly device: Device;
  readonly memoryBytes: number;
  readonly #link: RunnerLink;
  /** Few, and in the order in which they run. */
  readonly #waiting: Waiting[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #lost: RunnerLost | undefined;
  #closing = false;
  #over = false;
  #nextId = 0;

  private constructor(link: RunnerLink, device: Device, { signature, memoryBytes }: Opened) {
    this.#link = link;
    this.device = device;
    this.signature = signature;
    this.memoryBytes = memoryBytes;
    link.listen({ message: (message) => this.#receive(message), ended: (why) => this.#end(why) });
  }

  /**
   * Opens a model over a link that was just made. Rejects as Engine.open, or with MisplacedModel; then the runner is
   * ended or given up.
   */
  static async open(link: RunnerLink, request: OpenRequest, signal: AbortSignal): Promise<LinkedRunner> {
    const answer = await firstMessage(link, request, signal);
    if (answer.kind === 'opened') return new LinkedRunner(link, request.session.device, answer);
    link.end();
    if (answer.kind === 'misplaced') throw new MisplacedModel(answer.detail);
    if (answer.kind === 'refused') throw refusal(answer, request.model, await link.lastWords());
    throw errors.MODEL_INVALID('the runner answered out of turn');
  }

  /** Resolves when the runner has ended or was abandoned. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  run({ buffer, inputs, outputs }: Batch): Promise<BatchResult> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, resolve, reject, handedUs: machineUs() });
      this.#link.post({ kind: 'run', id, buffer, inputs, outputs });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#endWhenIdle();
    await this.ended;
  }

  abandon(): void {
    if (this.#over) return;
    this.#end(new RunnerLost('the runner was abandoned'));
    this.#link.abandon();
  }

  #receive(message: FromRunner): void {
    if (message.kind !== 'ran' && message.kind !== 'failed') return;
    const waiting = this.#taken(message.id);
    if (message.kind === 'failed') waiting?.reject(new RunFailed(message.detail));
    else if (!fits(message.outputs, this.signature)) this.#break(waiting);
    else {
      const { outputs } = message;
      waiting?.resolve({ outputs, ...timesOf(message, waiting.handedUs, machineUs()) });
    }
    this.#endWhenIdle();
  }

  #taken(id: number): Waiting | undefined {
    const at = this.#waiting.findIndex((waiting) => waiting.id === id);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  /** A runner that gives other tensors than it declared is not to be trusted with anything. */
  #break(waiting: Waiting | undefined): void {
    const why = new RunnerLost('the runner gave other outputs than its model declares');
    waiting?.reject(why);
    this.#end(why);
    this.#link.abandon();
  }

  #endWhenIdle(): void {
    if (this.#closing && !this.#over && this.#waiting.length === 0) this.#link.end();
  }

  #end(why: RunnerLost): void {
    this.#over = true;
    this.#lost ??= why;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
    this.#ended.resolve();
  }
}

/** @param lastWords which name paths of this machine: for the log alone. */
function refusal({ reason, detail }: Refused, { name }: ModelFile, lastWords: string): ServiceError {
  const aboutFile = name !== undefined && reason !== 'RUNNERS_EXHAUSTED';
  const cause = lastWords === '' ? {} : { cause: new RunnerLost(lastWords) };
  return errors[reason](aboutFile ? `${name}: ${detail}` : detail, cause);
}

function fits(outputs: readonly BatchOutput[], signature: ModelSignature): boolean {
  return (
    outputs.length === signature.outputs.length &&
    signature.outputs.every(({ datatype }, index) => {
      const { shape, raw } = outputs[index] as BatchOutput;
      return datatype === 'BYTES' || raw.length === elementCount(shape) * elementSizeBytes(datatype);
    })
  );
}

/**
 * The runner's first word; MODEL_INVALID where it ends without one, e.g. because the model exhausted its memory. When
 * the signal fires before, the runner is given up.
 */
async function firstMessage(
  link: RunnerLink,
  request: OpenRequest,
  signal: AbortSignal,
): Promise<FromRunner> {
  const { promise, resolve, reject } = Promise.withResolvers<FromRunner>();
  const giveUp = () => {
    link.abandon();
    reject(signal.reason);
  };
  signal.addEventListener('abort', giveUp);
  link.listen({
    message: resolve,
    ended: (cause) =>
      reject(errors.MODEL_INVALID(`the runner ended while it opened the model: ${cause.message}`, { cause })),
  });
  link.post(request);
  return promise.finally(() => signal.removeEventListener('abort', giveUp));
}
