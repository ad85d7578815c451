import { describe, expect, it } from '@jest/globals';
import { defineConfig } from './config.ts';
import { port } from './settings.ts';
import { PortTaken, portTaken } from './taken-port.ts';

const config = defineConfig('fixture', { grpcPort: port(7_430), maxRows: port(7_431) });
const values = config.parse({ ADMIN_PORT: '9000' });

describe('portTaken', () => {
  it.each(['127.0.0.1', '::'])('names the setting of an address on %s', (host) => {
    const message = `listen EADDRINUSE: address already in use ${host}:7430`;
    const error = Object.assign(new Error(message), { code: 'EADDRINUSE' });
    expect(portTaken(error, config, values)?.message).toBe(
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
