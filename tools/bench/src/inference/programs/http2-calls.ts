import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { once } from 'node:events';
import { INFER_METHOD } from '../infer-requests.ts';

const UNKNOWN = 2;
const UNAVAILABLE = 14;
const HEADERS = {
  ':method': 'POST',
  ':path': `/${INFER_METHOD}`,
  'content-type': 'application/grpc',
  te: 'trailers',
  'grpc-timeout': '30S',
};

/** Unary calls over several connections in turn, straight on HTTP/2: a gRPC client would be the bottleneck. */
export class Http2Calls {
  readonly #sessions: readonly ClientHttp2Session[];
  #next = 0;

  private constructor(sessions: readonly ClientHttp2Session[]) {
    this.#sessions = sessions;
  }

  static async connect(address: string, connections: number): Promise<Http2Calls> {
    const sessions = Array.from({ length: connections }, () => connect(`http://${address}`));
    await Promise.all(sessions.map((session) => once(session, 'remoteSettings')));
    // A connection that is lost later fails its calls, which count as UNAVAILABLE.
    for (const session of sessions) session.on('error', () => undefined);
    return new Http2Calls(sessions);
  }

  /** Sends one framed message; answers the gRPC status of the call. */
  call(frame: Buffer): Promise<number> {
    const session = this.#sessions[this.#next++ % this.#sessions.length] as ClientHttp2Session;
    if (session.closed || session.destroyed) return Promise.resolve(UNAVAILABLE);
    return new Promise((resolve) => {
      let status: number | undefined;
      const stream = session.request(HEADERS);
      const read = (headers: Record<string, unknown>) => {
        if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status']);
        else if (Number(headers[constants.HTTP2_HEADER_STATUS] ?? 200) !== 200) status = UNKNOWN;
      };
      // A call that fails before its answer has its status in the headers, where others have it in the trailers.
      stream.on('response', read).on('trailers', read).on('data', drop);
      stream.on('error', () => (status ??= UNAVAILABLE));
      stream.on('close', () => resolve(status ?? UNKNOWN));
      stream.end(frame);
    });
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }
}

function drop(): void {
  // Answers are read and not looked at: what they say is the subject of tests.
}
