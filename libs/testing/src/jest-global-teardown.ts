import type { TestServers } from './test-servers.ts';

export default async function teardown(): Promise<void> {
  const servers = Reflect.get(globalThis, Symbol.for('plumbline.test-servers')) as TestServers | undefined;
  await servers?.close();
}
