import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { ServiceError } from '@plumbline/errors';
import { MetadataMap } from '../context/metadata.ts';
import { rpcErrors } from '../errors.ts';
import type { AdmissionLimits } from './admission-limits.ts';
import { closeUnread, explainStatuses } from './explain-status.ts';
import type { Gate } from './grpc-internals.ts';
import { failureStatus } from './grpc-status.ts';
import { IncomingCall } from './incoming-call.ts';
import { RequestBudget } from './request-budget.ts';
import { StallWatch } from './stall-watch.ts';
import { misfit, UnaryStream, type UnaryMethod } from './unary-stream.ts';

export interface AdmissionOptions extends AdmissionLimits {
  /** Whether a method (`package.Service/Method`) is served without credentials. */
  readonly isOpen: (path: string) => boolean;
  /** Methods that are served past grpc-js, by path. */
  readonly unary: ReadonlyMap<string, UnaryMethod>;
  /** Hears of calls that are refused before any chain: method path, and why. */
  readonly refused: (path: string, error: ServiceError) => void;
}

/** Calls that are open together. */
class Pool {
  readonly maxCalls: number;
  calls = 0;

  constructor(maxCalls: number) {
    this.maxCalls = maxCalls;
  }

  readonly leave = (): void => {
    this.calls--;
  };
}

const RETRY_AFTER_MS = 1_000;
const OPEN_METHODS_SHARE = 10;

/** Bounds what calls cost before they are anybody's: how many are open, what their requests hold, how long they take. */
export class Admission implements Gate {
  readonly #options: AdmissionOptions;
  readonly #budget: RequestBudget;
  readonly #stalls: StallWatch;
  /** Separate, so that calls without credentials cannot keep out those that have some. */
  readonly #guarded: Pool;
  readonly #open: Pool;
  #shown: IncomingCall | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#budget = new RequestBudget(options.maxRequestBytes);
    this.#stalls = new StallWatch(options.requestStallMs);
    this.#guarded = new Pool(options.maxOpenCalls);
    this.#open = new Pool(Math.ceil(options.maxOpenCalls / OPEN_METHODS_SHARE));
  }

  admit(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, show: () => void): void {
    const status = misfit(headers);
    if (status !== undefined) {
      refuseMisfit(stream, status);
      return;
    }
    const path = headers[':path']?.slice(1) ?? '';
    const pool = this.#options.isOpen(path) ? this.#open : this.#guarded;
    if (pool.calls >= pool.maxCalls) {
      this.#refuse(stream, path);
      return;
    }
    pool.calls++;
    const call = this.#receive(stream, headers);
    const unary = this.#options.unary.get(path);
    if (unary !== undefined) {
      new UnaryStream(stream, headers, unary, call, pool.leave).start();
      return;
    }
    this.#guard(stream, call);
    stream.once('close', () => {
      pool.calls--;
      call.close();
    });
    this.#shown = call;
    show();
    this.#shown = undefined;
  }

  /** The call that grpc-js is being shown: it calls handlers while it is. */
  get shown(): IncomingCall {
    if (this.#shown === undefined) throw rpcErrors.INTERNAL('grpc-js called a handler out of turn');
    return this.#shown;
  }

  #receive(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): IncomingCall {
    return new IncomingCall({
      timeout: takeTimeout(headers),
      budget: this.#budget,
      stalls: this.#stalls,
      source: stream,
    });
  }

  /** Before grpc-js reads the stream. */
  #guard(stream: ServerHttp2Stream, call: IncomingCall): void {
    explainStatuses(stream, (error) => {
      call.fail(error);
    });
    const push = stream.push.bind(stream);
    stream.push = (chunk: Buffer | null) => {
      if (chunk === null) call.ended();
      else if (!call.arrived(chunk)) return true;
      return push(chunk);
    };
  }

  #refuse(stream: ServerHttp2Stream, path: string): void {
    const error = rpcErrors.TOO_MANY_OPEN_CALLS('the server has as many calls open as it may', {
      retryAfterMs: RETRY_AFTER_MS,
    });
    const { code, details, metadata } = failureStatus(error, new MetadataMap());
    stream.on('error', ignoreBrokenStream);
    stream.respond(
      {
        [constants.HTTP2_HEADER_STATUS]: constants.HTTP_STATUS_OK,
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
        'grpc-status': code,
        'grpc-message': encodeURI(details),
        ...metadata.toHttp2Headers(),
      },
      { endStream: true },
    );
    closeUnread(stream);
    this.#options.refused(path, error);
  }
}

/** What is no gRPC call is told so in HTTP. */
function refuseMisfit(stream: ServerHttp2Stream, status: 405 | 415): void {
  stream.on('error', ignoreBrokenStream);
  stream.respond({ ':status': status, ...(status === 405 ? { allow: 'POST' } : {}) }, { endStream: true });
  closeUnread(stream);
}

/** A refused stream may break on its way out; its close says all that matters. */
const ignoreBrokenStream = (): void => undefined;

/** grpc-js would cut it to 32 bits, so that a very long one is over at once. */
function takeTimeout(headers: IncomingHttpHeaders): string | undefined {
  const timeout = headers['grpc-timeout'];
  headers['grpc-timeout'] = undefined;
  return typeof timeout === 'string' ? timeout : undefined;
}
