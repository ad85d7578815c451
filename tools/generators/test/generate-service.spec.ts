import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Health, HealthCheckResponse_ServingStatus } from '@plumbline/contract-grpc';
import { createChannel, createClient } from '@plumbline/rpc';
import { eventually, testDatabase, testEvents, type TestDatabase } from '@plumbline/testing';
import { scratchWorkspace, type ScratchWorkspace } from './scratch-workspace.ts';

const LONG_MS = 120_000;
let workspace: ScratchWorkspace;

beforeAll(async () => {
  workspace = await scratchWorkspace();
  await workspace.node(
    ...['node_modules/nx/dist/bin/nx.js', 'g', '@plumbline/tool-generators:service'],
    ...['label-store', '--port=7480', '--no-interactive'],
  );
  await workspace.link();
  await workspace.node('tools/checks/src/generate.ts');
}, LONG_MS);

describe('a generated service', () => {
  it('is formatted', async () => {
    await workspace.node(
      'node_modules/prettier/bin/prettier.cjs',
      '--check',
      'apps',
      'proto',
      'libs/contracts/labelstore',
    );
  });

  it(
    'passes the type check',
    async () => {
      const project = { extends: './tsconfig.base.json', include: ['apps/*/src', 'apps/*/test'] };
      await writeFile(join(workspace.directory, 'tsconfig.app.json'), JSON.stringify(project));
      await workspace.node('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.app.json');
    },
    LONG_MS,
  );

  it(
    'passes its own tests',
    async () => {
      const jest = [
        '--experimental-vm-modules',
        'node_modules/jest/bin/jest.js',
        '--runInBand',
        'apps/label-store/',
      ];
      expect(await workspace.node(...jest)).toMatch(/Test Suites: 2 passed, 2 total/);
    },
    LONG_MS,
  );

  it(
    'has a proto that follows the rules',
    async () => {
      await workspace.node(
        'node_modules/@bufbuild/buf/bin/buf',
        'lint',
        '--path',
        'proto/plumbline/labelstore',
      );
    },
    LONG_MS,
  );

  describe('once built', () => {
    let postgres: TestDatabase;
    let service: ChildProcess;
    let output = '';

    beforeAll(async () => {
      await workspace.node('tools/build/src/main.ts', 'apps/label-store');
      postgres = await testDatabase('label-store');
      const env = {
        PATH: process.env['PATH'],
        ...{ GRPC_PORT: '0', ADMIN_PORT: '0', SERVICE_SECRET: 'test-secret' },
        ...{ DATABASE_URL: postgres.url, NATS_URL: await testEvents() },
      };
      const main = join(workspace.directory, 'dist/apps/label-store/src/main.js');
      service = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      service.stdout?.on('data', (chunk) => (output += String(chunk)));
    }, LONG_MS);
    afterAll(async () => {
      service.kill('SIGKILL');
      await postgres.close();
    });

    const lines = () =>
      output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { message: string; port?: number });

    it(
      'starts, is SERVING, and ends orderly on SIGTERM',
      async () => {
        const { port } = await eventually(() =>
          lines().find(({ message }) => message === 'gRPC port is open'),
        );
        const channel = createChannel(`127.0.0.1:${port}`);
        const health = createClient(Health, channel);
        const asked = { service: 'plumbline.labelstore.v1.LabelStoreService' };
        const { SERVING } = HealthCheckResponse_ServingStatus;
        await eventually(async () => (await health.check(asked)).status === SERVING);
        channel.close();
        const ended = new Promise((resolve) => service.once('exit', resolve));
        service.kill('SIGTERM');
        expect(await ended).toBe(0);
        expect(lines().at(-1)?.message).toBe('stopped');
      },
      LONG_MS,
    );

    it('has its migrations and a manifest of what it needs', () => {
      const dist = join(workspace.directory, 'dist/apps/label-store');
      expect(existsSync(join(dist, 'migrations/0001-entries.sql'))).toBe(true);
      expect(existsSync(join(dist, 'package.json'))).toBe(true);
    });
  });
});
