import type { CallContext } from '../context/call-context.ts';
import type { ServerCallContext } from '../context/server-call-context.ts';
import type { MethodBody } from './implementation.ts';
import type { CallLimits } from './limits.ts';

export interface MethodInfo {
  /** `plumbline.audit.v1.AuditService/Append` */
  readonly path: string;
  readonly service: string;
  readonly name: string;
  readonly kind: MethodBody['kind'];
  /** True for methods that work on bytes, the hot paths: their successes are measured but not logged. */
  readonly raw: boolean;
}

/** One call on its way through the chain. */
export interface InterceptedCall {
  readonly method: MethodInfo;
  readonly context: CallContext;
  /** The encoded request of unary and server-streaming calls, before the limits have looked at it. */
  readonly request?: Buffer | undefined;
}

/**
 * One link of the chain around a handler. `next()` runs the rest and settles when the call has ended, streams
 * included; what it throws is the call's failure. Not calling `next` refuses the call.
 */
export type Interceptor = (call: InterceptedCall, next: () => Promise<void>) => Promise<void>;

/** A call as the transport hands it over: requests to take from, and somewhere to put the response. */
export interface ServerCall extends InterceptedCall {
  readonly context: ServerCallContext;
  request?: Buffer | undefined;
  /** Reads the single request, where it has not come with the call: not before the caller is known. */
  receive?(): Promise<Buffer>;
  /** The requests of client- and bidirectional streams. */
  readonly requests?: AsyncIterable<Buffer>;
  /** Where the single response of unary and client-streaming calls is left. */
  response?: Buffer | undefined;
  /** Sends one message of a response stream; resolves when more may be sent. */
  send?(response: Buffer): Promise<void>;
  /** What was sent leaves now rather than at the end of this turn of the event loop. */
  flush?(): void;
}

export type RunCall = (call: ServerCall) => Promise<void>;

/** A method as the transports serve it: its chain composed, its limits resolved. */
export interface ServedMethod {
  readonly info: MethodInfo;
  readonly limits: CallLimits;
  readonly run: RunCall;
}
