import { createServer } from 'node:net';
import { errors } from './errors.ts';

/** Resolves to `port` if it is free on 127.0.0.1, or to some free port when it is 0. Throws PORT_TAKEN. */
export async function freePort(port: number, purpose: string): Promise<number> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    const address = probe.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  } catch (cause) {
    throw errors.PORT_TAKEN(
      `Port ${port}, needed for ${purpose}, is taken by another process. Stop that process or choose another port.`,
      { metadata: { port: String(port) }, cause },
    );
  } finally {
    probe.close();
  }
}
