import { askServers } from './ask-servers.ts';

/**
 * The URL of a NATS server with an empty JetStream that no other suite shares (an account of its own). With
 * NATS_URL set, that server as it is: its stream is then shared by all suites of the run.
 */
export async function testEvents(): Promise<string> {
  return process.env['NATS_URL'] ?? askServers('nats');
}
