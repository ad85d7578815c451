import { openTestServers } from './test-servers.ts';

/** Jest runs this once, in its own process, before the first spec. Servers start when a spec first asks for one. */
export default async function setup(): Promise<void> {
  const servers = await openTestServers();
  process.env['PLUMBLINE_TEST_SERVERS'] = servers.directory;
  Reflect.set(globalThis, Symbol.for('plumbline.test-servers'), servers);
}
