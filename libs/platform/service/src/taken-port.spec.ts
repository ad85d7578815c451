import { describe, expect, it } from '@jest/globals';
import { defineConfig } from './config.ts';
import { port } from './settings.ts';
import { PortTaken, portTaken } from './taken-port.ts';

const config = defineConfig('fixture', { grpcPort: port(7_430), maxRows: port(7_431) });
const values = config.parse({ ADMIN_PORT: '9000' });

describe('portTaken', () => {
  it.each([
    ["Node's error", 'listen EADDRINUSE: address already in use 127.0.0.1:7430', '127.0.0.1'],
    [
      "grpc-js's error",
      'No address added out of total 1 resolved errors: [listen EADDRINUSE: address already in use :::7430]',
      '::',
    ],
  ])('names the setting of %s', (_, message, host) => {
    expect(portTaken(new Error(message), config, values)?.message).toBe(
      `GRPC_PORT 7430 on ${host} is taken: end what listens there, or set another`,
    );
  });

  it('goes on with what names its setting already', () => {
    const taken = new PortTaken('HTTP_PORT', '127.0.0.1', 7_432);
    expect(portTaken(taken, config, values)).toBe(taken);
  });

  it('is undefined for another failure', () => {
    expect(
      portTaken(new Error('listen EACCES: permission denied 127.0.0.1:80'), config, values),
    ).toBeUndefined();
  });
});
