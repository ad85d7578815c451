import { describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

interface Outcome {
  readonly code: number | null;
  readonly messages: string[];
  readonly stderr: string;
}

function start(
  env: Record<string, string>,
  whenBuilt: (child: ChildProcess) => void = () => undefined,
  args: readonly string[] = [],
): Promise<Outcome> {
  const fixture = fileURLToPath(new URL('fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [fixture, ...args], { env: { PATH: process.env['PATH'], ...env } });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  child.stdout.on('data', (chunk) => {
    const before = stdout.includes('"built"');
    stdout += String(chunk);
    if (!before && stdout.includes('"built"')) whenBuilt(child);
  });
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const lines = stdout.trim().split('\n').filter(Boolean);
      const messages = lines.map((line) =>
        line.startsWith('{') ? (JSON.parse(line) as { message: string }).message : line,
      );
      resolve({ code, messages, stderr });
    });
  });
}

describe('run', () => {
  it('exits 78 with every problem before it listens', async () => {
    const outcome = await start({ GRPC_PORT: 'x', SIZE: '0' });
    expect(outcome).toEqual({
      code: 78,
      messages: [],
      stderr:
        'fixture cannot start: 2 settings are wrong.\n' +
        '  GRPC_PORT="x" is not a port\n' +
        '  SIZE="0" must be at least 1\n',
    });
  });

  it('lists its settings for --help and exits 0', async () => {
    const outcome = await start({}, undefined, ['--help']);
    expect(outcome.code).toBe(0);
    expect(outcome.messages).toContain('  SIZE  integer, at least 1, required');
    expect(outcome.messages).toContain('  DRAIN_TIMEOUT_MS  duration, at least 100 ms, default 10000');
  });

  it('exits 78 on any other argument and says where settings are', async () => {
    const outcome = await start({ SIZE: '1' }, undefined, ['--grpc-port=7']);
    expect(outcome.code).toBe(78);
    expect(outcome.messages).toEqual([]);
    expect(outcome.stderr).toBe(
      'fixture takes no arguments, so --grpc-port=7 means nothing to it.\n' +
        '  Settings are environment variables, such as LOG_LEVEL=debug; --help lists them.\n',
    );
  });

  it.each([
    ['FAILED_PRECONDITION', 78],
    ['INTERNAL', 1],
  ])('exits with the status for wiring that fails as %s', async (code, status) => {
    const outcome = await start({ SIZE: '1', WIRING_FAILS: code });
    expect(outcome.code).toBe(status);
    expect(outcome.stderr).toBe(status === 78 ? 'fixture cannot start: as told\n' : '');
    expect(outcome.messages).toContain('the service could not be wired');
  });

  it('exits 1 and names the setting of a taken port', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const outcome = await start({ SIZE: '1', ADMIN_PORT: String(port) });
    stranger.close();
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toBe(
      `fixture cannot start: ADMIN_PORT ${port} on 127.0.0.1 is taken: end what listens there, or set another\n`,
    );
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('closes what it adopted on %s and exits 0', async (signal) => {
    const outcome = await start({ SIZE: '1' }, (child) => child.kill(signal));
    expect(outcome.code).toBe(0);
    expect(outcome.messages.slice(-3)).toEqual(['stopping', 'closed', 'stopped']);
  });

  it('exits 1 at once on a second signal later', async () => {
    let insisting: NodeJS.Timeout | undefined;
    const outcome = await start({ SIZE: '1', DRAIN_TIMEOUT_MS: '3600000', DRAINS: 'never' }, (child) => {
      insisting = setInterval(() => child.kill('SIGINT'), 200);
    });
    clearInterval(insisting);
    expect(outcome.code).toBe(1);
    expect(outcome.messages.at(-1)).toBe('stopping');
  });

  it('closes what it adopted and exits 1 on a stray fault', async () => {
    const outcome = await start({ SIZE: '1', FAULT: '1' });
    expect(outcome.code).toBe(1);
    expect(outcome.messages.slice(-3)).toEqual(['a fault outside any call; stopping', 'closed', 'stopped']);
  });
});
