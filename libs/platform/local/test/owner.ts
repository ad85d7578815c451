// A process that starts a Postgres and is then killed by its test.
import { startPostgres } from '../src/index.ts';

const [, , dataDirectory = ''] = process.argv;
const { url } = await startPostgres({ dataDirectory, port: 0, durable: false });
process.stdout.write(`${url}\n`);
setInterval(() => undefined, 1_000);
