import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileObjects } from '@plumbline/objects';
import type { Screen } from '../terminal/screen.ts';
import { connectCaller, connectTenant, type CallerClients, type TenantClients } from './clients.ts';
import { faultStep } from './fault-step.ts';
import { improveStep } from './improve-step.ts';
import { ingestStep } from './ingest-step.ts';
import { proveStep } from './prove-step.ts';
import { reckonStep } from './reckon-step.ts';
import { releaseStep } from './release-step.ts';
import type { StepReport } from './report.ts';
import { serveStep } from './serve-step.ts';
import type { Setting } from './setting.ts';
import { trainStep } from './train-step.ts';
import { watchStep } from './watch-step.ts';

export interface JourneyInput {
  readonly screen: Screen;
  readonly addresses: Readonly<Record<string, string>>;
  readonly serviceSecret: string;
  readonly home: string;
  readonly objectsDirectory: string;
  readonly codeCommit: string;
  /** Told of every step as it ends. */
  readonly onStep: (report: StepReport) => void;
}

export interface JourneyResult {
  readonly tenant: string;
  readonly apiKey: string;
  readonly steps: readonly StepReport[];
}

/** Takes real flights from raw data to audited, monitored predictions, in a fresh tenant. */
export async function runJourney(input: JourneyInput): Promise<JourneyResult> {
  const { screen, onStep } = input;
  const name = `flights-${randomBytes(4).toString('hex')}`;
  const first = await openTenant(input, name);
  const second = await openTenant(input, `${name}-copy`);
  screen.say(`\nTenant ${name}`);
  const setting: Setting = {
    ...first,
    screen,
    inboxDirectory: join(input.home, 'inbox'),
    codeCommit: input.codeCommit,
  };
  const steps: StepReport[] = [];
  const ended = (report: StepReport) => {
    steps.push(report);
    onStep(report);
  };
  try {
    // Pinned before anything is recorded: a key fetched beside the proof would prove nothing.
    const { verifierKey } = await setting.clients.audit.getCheckpoint({});
    ended(await ingestStep(setting));
    const { report, versionDigest } = await trainStep(setting);
    ended(report);
    ended(await releaseStep(setting, versionDigest));
    const served = await serveStep(setting, fileObjects(input.objectsDirectory), versionDigest);
    const improved = await improveStep(setting, served.march, served.replay, versionDigest);
    ended(await reckonStep(setting, served));
    ended(await watchStep(setting, versionDigest));
    ended(await faultStep(setting, second, versionDigest));
    ended(await proveStep(setting, served.log, verifierKey, versionDigest));
    ended(improved.report);
    return { tenant: name, apiKey: first.apiKey, steps };
  } finally {
    for (const { clients, caller } of [first, second]) {
      clients.close();
      caller.close();
    }
  }
}

async function openTenant(
  { addresses, serviceSecret }: JourneyInput,
  tenant: string,
): Promise<{ clients: TenantClients; caller: CallerClients; apiKey: string }> {
  const clients = connectTenant(addresses, serviceSecret, tenant, { patient: true });
  await clients.tenants.createTenant({ tenant });
  const { secret } = await clients.tenants.createApiKey({
    tenant,
    name: 'development',
    scopes: ['predict', 'as-of'],
  });
  return { clients, caller: connectCaller(addresses['GATEWAY_ADDRESS'] ?? '', secret), apiKey: secret };
}
