import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '@plumbline/errors';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { startAdminServer } from './admin-server.ts';
import { systemClock, type Clock } from './clock.ts';
import type { CommonSettings, Values } from './config.ts';
import { exposeEventLoopDelay } from './event-loop-delay.ts';
import { followReadiness, type ServingHealth } from './follow-readiness.ts';
import { createLifetime, step, type Closable, type Drain, type Lifetime } from './lifetime.ts';
import type { Log } from './log.ts';
import { createReadiness, type Readiness } from './readiness.ts';

/** What a service's wiring is given. */
export interface Scope<V = Values<CommonSettings>> {
  readonly config: V;
  readonly log: Log;
  /** Register instruments here; served at /metrics. */
  readonly metrics: Registry;
  readonly clock: Clock;
  /** Aborted when shutdown begins. */
  readonly signal: AbortSignal;
  /** Hands over a resource, which is closed in reverse order of adoption when the service ends. Returns it. */
  adopt<R extends Closable>(resource: R, name: string): R;
  /** Runs before anything is closed: the place to say NOT_SERVING and to finish what is in flight. */
  onDrain(drain: Drain): void;
  /** Declares a dependency for /readyz; `check` rejects while it is away. */
  readiness(name: string, check: () => Promise<void>): void;
  /** Makes a gRPC server's health say what /readyz says: NOT_SERVING from now on, SERVING while the service is ready. */
  servesWhenReady(health: ServingHealth): void;
}

export type Build<V> = (scope: Scope<V>) => Promise<void> | void;

export interface RunningService {
  readonly adminPort: number;
  /** Resolves when wiring is complete; rejects when it failed for another reason than an absent dependency. */
  readonly built: Promise<void>;
  /**
   * Drains within the drain timeout and closes everything within five seconds more. Answers whether all of it was done
   * in time and without failure. Idempotent.
   */
  stop(): Promise<boolean>;
}

interface Plan<V extends Values<CommonSettings>> {
  readonly values: V;
  readonly log: Log;
  readonly clock?: Clock;
  readonly build: Build<V>;
  /** What closing may take once the drain timeout is over, ms. */
  readonly closingMs?: number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const CLOSING_MS = 5_000;

/**
 * Serves the admin port, then wires the service. Wiring that fails as UNAVAILABLE (a dependency is away) is undone
 * and tried again until it succeeds or the service is stopped, while /readyz says why.
 */
export async function startService<V extends Values<CommonSettings>>(plan: Plan<V>): Promise<RunningService> {
  const { values, log, clock = systemClock, closingMs = CLOSING_MS } = plan;
  const processMetrics = new Registry();
  collectDefaultMetrics({ register: processMetrics });
  const endSampling = exposeEventLoopDelay(processMetrics);
  let metrics = new Registry();
  let readiness = createReadiness();
  readiness.hold('starting');
  const admin = await startAdminServer({
    host: values.host,
    port: values.adminPort,
    readiness: { ...readiness, report: () => readiness.report() },
    metrics: async () => `${await processMetrics.metrics()}${await metrics.metrics()}`,
  });
  const stopping = new AbortController();
  let lifetime = createLifetime(log);

  function attempt(): Promise<void> {
    lifetime = createLifetime(log);
    metrics = new Registry();
    readiness = createReadiness();
    readiness.hold('starting');
    const scope = scopeOf({ values, log, clock, metrics, signal: stopping.signal, lifetime, readiness });
    return Promise.resolve(plan.build(scope));
  }

  async function buildUntilAvailable(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        await attempt();
        if (!stopping.signal.aborted) readiness.hold(undefined);
        return;
      } catch (error) {
        await lifetime.end({ graceMs: values.drainTimeoutMs, closingMs });
        if (!isAbsence(error)) throw error;
        if (stopping.signal.aborted) return;
        readiness.hold(`waiting to start: ${error.message}`);
        log.warn({ error, nextAttemptMs: pauseMs }, 'a dependency is away; starting again soon');
        await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (stopping.signal.aborted) return;
      }
    }
  }

  const built = Promise.resolve().then(buildUntilAvailable);
  built.catch(() => undefined);
  let stopped: Promise<boolean> | undefined;
  async function stop(): Promise<boolean> {
    const drainedByMs = performance.now() + values.drainTimeoutMs;
    readiness.hold('draining');
    stopping.abort();
    const wired = await step('wiring', () => built.catch(() => undefined), drainedByMs, log);
    readiness.hold('draining');
    const graceMs = Math.max(0, drainedByMs - performance.now());
    const ended = await lifetime.end({ graceMs, closingMs });
    const closed = await step('admin port', () => admin.close(), performance.now() + closingMs, log);
    endSampling();
    return wired && ended && closed;
  }
  return { adminPort: admin.port, built, stop: () => (stopped ??= stop()) };
}

function isAbsence(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.codeName === 'UNAVAILABLE';
}

interface ScopeParts<V> {
  readonly values: V;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Registry;
  readonly signal: AbortSignal;
  readonly lifetime: Lifetime;
  readonly readiness: Readiness;
}

function scopeOf<V>({ values, lifetime, readiness, ...rest }: ScopeParts<V>): Scope<V> {
  return {
    ...rest,
    config: values,
    adopt: (resource, name) => lifetime.adopt(resource, name),
    onDrain: (drain) => lifetime.onDrain(drain),
    readiness: (name, check) => readiness.add(name, check),
    servesWhenReady: (health) => void lifetime.adopt(followReadiness(readiness, health), 'serving health'),
  };
}
