import { askServers } from './ask-servers.ts';

/**
 * The URL of a NATS server with an empty JetStream that no other suite shares (an account of its own). On a machine
 * without nats-server it is NATS_URL, whose stream all suites of the run then share.
 */
export async function testEvents(): Promise<string> {
  const { NATS_URL: shared } = process.env;
  return shared === undefined ? askServers('nats') : askServers('nats').catch(() => shared);
}
