import { describe, expect, it } from '@jest/globals';
import { Code, ServiceError } from '@plumbline/errors';
import { Counter } from 'prom-client';
import { eventually, recordingLog } from '@plumbline/testing';
import { startService, type Build, type RunningService } from './start-service.ts';
import type { CommonSettings, Values } from './config.ts';

const values: Values<CommonSettings> = {
  host: '127.0.0.1',
  adminPort: 0,
  logLevel: 'info',
  drainTimeoutMs: 100,
};

async function withService(
  build: Build<Values<CommonSettings>>,
  use: (service: RunningService, get: (path: string) => Promise<Response>) => Promise<void>,
): Promise<ReturnType<typeof recordingLog>> {
  const log = recordingLog();
  const service = await startService({ values, log, build, closingMs: 200 });
  const get = (path: string) => fetch(`http://127.0.0.1:${service.adminPort}${path}`);
  try {
    await use(service, get);
  } finally {
    await service.stop();
  }
  return log;
}

describe('startService', () => {
  it('closes in reverse order of adoption, after draining', async () => {
    const order: string[] = [];
    const closable = (name: string) => ({ close: () => void order.push(name) });
    const build: Build<unknown> = (scope) => {
      scope.adopt(closable('database'), 'database');
      scope.adopt(closable('server'), 'server');
      scope.onDrain(() => void order.push('drain'));
    };
    await withService(build, async (service) => service.built);
    expect(order).toEqual(['drain', 'server', 'database']);
  });

  it('goes on closing when a step fails or hangs', async () => {
    const order: string[] = [];
    const build: Build<unknown> = (scope) => {
      scope.adopt({ close: () => void order.push('last') }, 'last');
      scope.adopt({ close: () => new Promise<void>(() => undefined) }, 'hanging');
      scope.adopt({ close: () => Promise.reject(new Error('broken')) }, 'failing');
    };
    const log = await withService(build, async (service) => service.built);
    expect(order).toEqual(['last']);
    expect(log.lines.map(({ fields }) => fields['resource'])).toEqual(['failing', 'hanging']);
  });

  it('shares one time among the drains, tells each what is left, and then the closes another', async () => {
    const graces: number[] = [];
    const build: Build<unknown> = (scope) => {
      for (const name of ['first', 'second'])
        scope.adopt({ close: () => new Promise<void>(() => undefined) }, name);
      scope.onDrain((graceMs) => void graces.push(graceMs));
      scope.onDrain((graceMs) => {
        graces.push(graceMs);
        return new Promise(() => undefined);
      });
    };
    const startedMs = performance.now();
    const log = await withService(build, async (service) => {
      await service.built;
      expect(await service.stop()).toBe(false);
    });
    expect(graces).toEqual([expect.closeTo(100, -1.5), 0]);
    expect(log.lines.map(({ fields }) => fields['resource'])).toEqual(['drain', 'second', 'first']);
    expect(log.lines.reduce((sum, { fields }) => sum + Number(fields['timeoutMs']), 0)).toBeLessThanOrEqual(
      401,
    );
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(390);
  });

  it('ends though its wiring never does', async () => {
    const closed: string[] = [];
    const build: Build<unknown> = (scope) => {
      scope.adopt({ close: () => void closed.push('adopted') }, 'adopted');
      return new Promise(() => undefined);
    };
    const log = await withService(build, async (service) => {
      expect(await service.stop()).toBe(false);
    });
    expect(closed).toEqual(['adopted']);
    expect(log.lines.map(({ fields }) => fields['resource'])).toEqual(['wiring']);
  });

  it('is ready only when built and when every dependency answers', async () => {
    let away = true;
    const build: Build<unknown> = (scope) => {
      scope.readiness('database', () => (away ? Promise.reject(new Error('away')) : Promise.resolve()));
    };
    await withService(build, async (service, get) => {
      await service.built;
      const notReady = await get('/readyz');
      expect([notReady.status, await notReady.json()]).toEqual([
        503,
        { ready: false, checks: { database: 'away' } },
      ]);
      away = false;
      const ready = await get('/readyz');
      expect([ready.status, await ready.json()]).toEqual([200, { ready: true, checks: { database: 'ok' } }]);
      expect((await get('/healthz')).status).toBe(200);
      expect((await get('/nowhere')).status).toBe(404);
    });
  });

  it('undoes and repeats wiring while a dependency is away', async () => {
    let attempts = 0;
    let closed = 0;
    let away = true;
    const build: Build<unknown> = (scope) => {
      new Counter({ name: 'wired_total', help: 'x', registers: [scope.metrics] }).inc();
      scope.adopt({ close: () => void closed++ }, 'resource');
      attempts++;
      if (away) throw new ServiceError(Code.UNAVAILABLE, 'DATABASE_UNAVAILABLE', 'no database');
    };
    await withService(build, async (service, get) => {
      await eventually(() => attempts >= 2);
      const { checks } = (await (await get('/readyz')).json()) as { checks: Record<string, string> };
      expect(checks['service']).toMatch(/starting|waiting to start: no database/);
      away = false;
      await service.built;
      expect(closed).toBe(attempts - 1);
      expect(await (await get('/metrics')).text()).toMatch(/process_cpu_seconds_total[\s\S]*wired_total 1/);
    });
    expect(closed).toBe(attempts);
  });

  it('gives up waiting for a dependency when stopped', async () => {
    const build: Build<unknown> = () => {
      throw new ServiceError(Code.UNAVAILABLE, 'DATABASE_UNAVAILABLE', 'no database');
    };
    const log = await withService(build, async (_service, get) => {
      await eventually(async () => (await (await get('/readyz')).text()).includes('waiting to start'));
    });
    expect(log.lines[0]?.message).toBe('a dependency is away; starting again soon');
  });

  it('fails when wiring fails for another reason', async () => {
    const build: Build<unknown> = () => {
      throw new TypeError('a defect');
    };
    await withService(build, async (service) => {
      await expect(service.built).rejects.toThrow('a defect');
    });
  });
});
