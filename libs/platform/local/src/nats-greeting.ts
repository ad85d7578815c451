import { connect } from 'node:net';
import { errors } from './errors.ts';

/** What a NATS server says of itself when someone connects. */
export interface NatsGreeting {
  readonly version: string;
  readonly jetstream: boolean;
}

/** Connects and reads the greeting, which NATS servers send first, before TLS and credentials; undefined: none came. */
export function natsGreeting(host: string, port: number, withinMs = 500): Promise<NatsGreeting | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    let text = '';
    const settle = (greeting?: NatsGreeting) => {
      socket.destroy();
      resolve(greeting);
    };
    socket.setTimeout(withinMs, () => settle());
    socket.once('error', () => settle());
    socket.once('close', () => settle());
    socket.on('data', (bytes) => {
      text += bytes.toString();
      if (text.includes('\r\n')) settle(parse(text));
    });
  });
}

/**
 * Refuses a NATS server of the user's own that cannot serve: one that does not answer, or has no JetStream. `url` may
 * name several servers, separated by commas: one is enough. @throws NATS_UNREACHABLE, JETSTREAM_MISSING
 */
export async function checkNats(url: string): Promise<void> {
  const greetings = await Promise.all(
    url.split(',').map((each) => {
      const { hostname, port } = new URL(each.trim());
      return natsGreeting(hostname.replaceAll(/[[\]]/g, ''), Number(port || 4222), 3_000);
    }),
  );
  const answered = greetings.filter((greeting) => greeting !== undefined);
  if (answered.length === 0) {
    throw errors.NATS_UNREACHABLE(
      `No NATS server answers at NATS_URL (${url}). Start one there, or leave NATS_URL unset for a local one.`,
    );
  }
  if (answered.some(({ jetstream }) => jetstream)) return;
  throw errors.JETSTREAM_MISSING(
    `The NATS server at NATS_URL (${url}, version ${answered[0]?.version}) runs without JetStream. ` +
      'Enable it ("jetstream {}" in its configuration, or the flag -js), or leave NATS_URL unset.',
  );
}

function parse(text: string): NatsGreeting | undefined {
  const [, json] = /^INFO (\{.*\})\s*\r\n/s.exec(text) ?? [];
  if (json === undefined) return undefined;
  try {
    const { version, jetstream } = JSON.parse(json) as { version?: unknown; jetstream?: unknown };
    return { version: String(version), jetstream: jetstream === true };
  } catch {
    return undefined; // it spoke, but not NATS
  }
}
