/** How many JetStreams one server offers to suites; each makes its start 2 ms longer. A run has as many servers as it needs. */
export const ACCOUNTS = 60;

const password = 'plumbline-test';

/** nats-server configuration with `count` accounts that see nothing of each other. */
export function accountConfiguration(count: number): string {
  const account = (index: number) =>
    `  T${index}: { jetstream: enabled, users: [ { user: t${index}, password: "${password}" } ] }`;
  return `accounts {\n${Array.from({ length: count }, (_, index) => account(index)).join('\n')}\n}\n`;
}

export function accountUrl(serverUrl: string, index: number): string {
  return serverUrl.replace('nats://', `nats://t${index}:${password}@`);
}
