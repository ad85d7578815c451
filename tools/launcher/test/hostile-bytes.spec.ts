import type { DescMethod } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERVICES, type ServiceName } from '../src/processes/services.ts';
import { DOCUMENTED, verdict } from './hostile/documented-reasons.ts';
import { hostileMessages } from './hostile/hostile-messages.ts';
import type { Outcome } from './hostile/plain-grpc.ts';
import { cpuMs, jsonMs } from './hostile/processes.ts';
import { pathOf, reflectedMethods } from './hostile/reflected-methods.ts';
import { SmallPlatform } from './hostile/small-platform.ts';
import { withKey, type SmallTenant } from './hostile/small-tenant.ts';

/** Served without credentials, by every server. */
const OPEN =
  /^(grpc\.health\.v1\.Health|grpc\.reflection\.v1\.ServerReflection|plumbline\.common\.v1\.CoalescedService)\//;

let platform: SmallPlatform;
let acme: SmallTenant;

beforeAll(async () => {
  platform = await SmallPlatform.start();
  acme = await platform.createTenant('acme');
});
afterAll(() => platform.close());

/** Methods of a service that need credentials, as reflection tells them. */
const guardedMethods = async (service: ServiceName): Promise<DescMethod[]> =>
  (await reflectedMethods(platform.clientOf(service))).filter((method) => !OPEN.test(pathOf(method)));

/**
 * The most CPU time of a service that one hostile message may take, ms: eight times what 13 MB of JSON take to parse on
 * this machine. The bombs among the messages once took seconds where those take 70 ms.
 */
const MOST_CPU_MS = 8 * jsonMs();

/** The client's own clock ran out before the server's answer arrived: that has a code and no reason. */
const gaveUp = ({ code, message }: Outcome): boolean =>
  code === 'DEADLINE_EXCEEDED' && message.startsWith('Deadline exceeded after');

/** What a refusal says; undefined for what is no refusal, or one that the documentation lists. */
function complaint(outcome: Outcome): string | undefined {
  const accepted =
    ['OK', 'CANCELLED'].includes(outcome.code) || outcome.responses.length > 0 || gaveUp(outcome);
  if (accepted || (DOCUMENTED.has(verdict(outcome)) && outcome.code !== 'INTERNAL')) return undefined;
  return `${verdict(outcome)} ${outcome.message}`;
}

/** Methods of services that the gateway has in part, which it answers alike whoever asks. */
const NOT_SERVED: ReadonlySet<string> = new Set(
  [
    'ModelStreamInfer',
    'ModelConfig',
    'ModelStatistics',
    'RepositoryIndex',
    'RepositoryModelLoad',
    'RepositoryModelUnload',
  ].map((name) => `gateway ${name}`),
);

describe.each(SERVICES.map(({ name }) => name))('%s', (service) => {
  it('serves nobody without credentials of this deployment', async () => {
    const forged: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      'no credentials': {},
      'another scheme': { authorization: 'Basic eDp5' },
      'a forged service token': { authorization: `Bearer plsvc.operator.${'0'.repeat(64)}` },
      'an unknown API key': { authorization: `Bearer plk_${'x'.repeat(43)}` },
      // A real key opens the gateway only, and names no tenant and no identity but its own.
      ...(service === 'gateway'
        ? {}
        : { 'an API key': { ...withKey(acme), 'plumbline-caller': 'service:operator' } }),
    };
    const methods = await guardedMethods(service);
    expect(methods.length).toBeGreaterThan(0);
    for (const method of methods) {
      for (const [what, credentials] of Object.entries(forged)) {
        const metadata = { 'plumbline-tenant': 'acme', ...credentials };
        const outcome = await platform
          .clientOf(service)
          .call(pathOf(method), [Buffer.alloc(0)], { metadata });
        const due = NOT_SERVED.has(`${service} ${method.name}`) ? 'UNIMPLEMENTED' : 'UNAUTHENTICATED';
        expect([method.name, what, outcome.code]).toEqual([method.name, what, due]);
        expect(DOCUMENTED).toContain(verdict(outcome));
      }
    }
  });

  it('answers whatever bytes it is sent with an error of its catalogue, and in little time', async () => {
    const complaints: string[] = [];
    const pid = platform.pidOf(service);
    for (const method of await guardedMethods(service)) {
      const limits =
        method.methodKind === 'unary' ? { deadlineMs: 2_000 } : { cancelAfterMs: 400, maxResponses: 1 };
      for (const [what, message] of hostileMessages(method.input)) {
        const before = cpuMs(pid);
        const outcome = await platform.clientOf(service).call(pathOf(method), [message], {
          metadata: platform.operator('acme'),
          ...limits,
        });
        const spentMs = cpuMs(pid) - before;
        const wrong =
          spentMs > MOST_CPU_MS ? `it took ${spentMs} of ${MOST_CPU_MS} ms of CPU time` : complaint(outcome);
        if (wrong !== undefined) complaints.push(`${method.name} given ${what}: ${wrong}`);
      }
    }
    expect(complaints).toEqual([]);
    expect(platform.pidOf(service)).toBe(pid);
  });
});
