import type { Http2Stream, RequestHeaders } from '@plumbline/http2';
import type { ServiceError } from '@plumbline/errors';
import { NO_METADATA } from '../context/metadata.ts';
import { rpcErrors } from '../errors.ts';
import type { AdmissionLimits } from './admission-limits.ts';
import { failureFields, headerFields } from './answer-fields.ts';
import { IncomingCall } from './incoming-call.ts';
import type { RoutedMethod } from './open-call.ts';
import { RequestBudget } from './request-budget.ts';
import { StallWatch } from './stall-watch.ts';
import { StreamingCall } from './streaming-call.ts';
import { UnaryCall } from './unary-call.ts';

export interface AdmissionOptions extends AdmissionLimits {
  /** The method of a path (`package.Service/Method`), or what answers for those that there are not. */
  readonly route: (path: string) => RoutedMethod;
  /** Whether a method is served without credentials. */
  readonly isOpen: (path: string) => boolean;
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
const PROTO = /^application\/grpc(?:\+proto)?(?:;|$)/;

/** Bounds what calls cost before they are anybody's: how many are open, what their requests hold, how long they take. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #budget: RequestBudget;
  readonly #stalls: StallWatch;
  /** Separate, so that calls without credentials cannot keep out those that have some. */
  readonly #guarded: Pool;
  readonly #open: Pool;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#budget = new RequestBudget(options.maxRequestBytes);
    this.#stalls = new StallWatch(options.requestStallMs);
    this.#guarded = new Pool(options.maxOpenCalls);
    this.#open = new Pool(Math.ceil(options.maxOpenCalls / OPEN_METHODS_SHARE));
  }

  /** Serves the call of a stream, or refuses it. */
  admit(stream: Http2Stream): void {
    const { headers } = stream;
    const misfit = misfitOf(headers);
    if (misfit !== undefined) {
      stream.respondOnly(misfit);
      return;
    }
    const path = headers.get(':path')?.slice(1) ?? '';
    const pool = this.#options.isOpen(path) ? this.#open : this.#guarded;
    if (pool.calls >= pool.maxCalls) {
      this.#refuse(stream, path);
      return;
    }
    pool.calls++;
    const routed = this.#options.route(path);
    const Call = routed.method.info.kind === 'unary' ? UnaryCall : StreamingCall;
    new Call(stream, routed, this.#receive(stream), pool.leave).start();
  }

  #receive(stream: Http2Stream): IncomingCall {
    return new IncomingCall({
      timeout: stream.headers.get('grpc-timeout'),
      budget: this.#budget,
      stalls: this.#stalls,
    });
  }

  #refuse(stream: Http2Stream, path: string): void {
    const error = rpcErrors.TOO_MANY_OPEN_CALLS('the server has as many calls open as it may', {
      retryAfterMs: RETRY_AFTER_MS,
    });
    stream.respondOnly([...headerFields(NO_METADATA), ...failureFields(error)]);
    this.#options.refused(path, error);
  }
}

/** What is no gRPC call with protobuf messages is told so in HTTP; undefined: it is one. */
function misfitOf(headers: RequestHeaders): readonly string[] | undefined {
  if (headers.get(':method') !== 'POST') return [':status', '405', 'allow', 'POST'];
  return PROTO.test(headers.get('content-type') ?? '') ? undefined : [':status', '415'];
}
