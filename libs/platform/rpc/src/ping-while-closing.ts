import type { ClientHttp2Session, ServerHttp2Session } from 'node:http2';

type Ping = (callback: (error: Error | null, durationMs: number, payload: Buffer) => void) => boolean;

const NO_PAYLOAD = Buffer.alloc(8);

/**
 * Node sends no pings on a session that closes once its calls have ended, as one does after a GOAWAY, and grpc-js's
 * keepalive takes that for a dead connection and destroys it, calls and all. From then on the session asks by SETTINGS
 * that change nothing, which a peer has to acknowledge as well (RFC 9113, section 6.5.3).
 */
export function pingWhileClosing(session: ClientHttp2Session | ServerHttp2Session): void {
  const ping = session.ping.bind(session) as Ping;
  const pingOrAsk: Ping = (callback) => {
    if (!session.closed || session.destroyed) return ping(callback);
    session.settings({}, (error, _settings, durationMs) => {
      callback(error, durationMs, NO_PAYLOAD);
    });
    return true;
  };
  session.ping = pingOrAsk as typeof session.ping;
}
