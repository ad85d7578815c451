import { request } from 'node:http';
import { join } from 'node:path';

/** The URL of a server of this run, started now if it is the first time that anyone asks. */
export function askServers(name: 'postgres' | 'nats'): Promise<string> {
  const directory = process.env['PLUMBLINE_TEST_SERVERS'];
  if (!directory) {
    throw new Error(
      `No test servers: run under Jest, or set ${name === 'nats' ? 'NATS_URL' : 'DATABASE_URL'}.`,
    );
  }
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: join(directory, 'socket'), path: `/${name}`, agent: false });
    asking.once('error', reject).once('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.once('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(body))));
    });
    asking.end();
  });
}
