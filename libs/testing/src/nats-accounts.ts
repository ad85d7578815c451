/** How many suites of one run can have a JetStream of their own. */
export const ACCOUNTS = 400;

const password = 'plumbline-test';

/** nats-server configuration with `count` accounts that see nothing of each other. */
export function accountConfiguration(count: number): string {
  const account = (index: number) =>
    `  T${index}: { jetstream: enabled, users: [ { user: t${index}, password: "${password}" } ] }`;
  return `accounts {\n${Array.from({ length: count }, (_, index) => account(index)).join('\n')}\n}\n`;
}

export function accountUrl(serverUrl: string, index: number): string {
  if (index >= ACCOUNTS) throw new RangeError(`a run has ${ACCOUNTS} NATS accounts; raise ACCOUNTS`);
  return serverUrl.replace('nats://', `nats://t${index}:${password}@`);
}
