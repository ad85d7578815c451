import { AuditClass, GateVerdict, PayloadPolicy } from '@plumbline/contract-registry';
import { VersionState } from '@plumbline/contract-inference';
import type { TenantClients } from './clients.ts';
import { until } from './retry.ts';
import { Step, type StepReport } from './report.ts';
import { BASELINE_FEATURE, CHAMPION, FEATURE_SERVICE, MODEL, ROUTE, type Setting } from './setting.ts';
import { metricFigure } from './train-step.ts';
import type { flightsBetween } from './training-sets.ts';

/** Step 3: evidence, gate, release by compare-and-swap; inference verifies, warms up and checks before it serves. */
export async function releaseStep(setting: Setting, versionDigest: string): Promise<StepReport> {
  const step = new Step('register and release', setting.screen);
  setting.screen.say('\n3  Judge the version and release it as champion');
  await judgeAndRelease(setting, step, versionDigest);
  return step.report();
}

/** Judges a first version by the evidence that it carries, declares the route and moves the champion alias to it. */
export async function judgeAndRelease(
  { clients }: Pick<Setting, 'clients'>,
  step: Step,
  versionDigest: string,
): Promise<void> {
  const gate = await clients.registry.evaluateGate({
    model: MODEL,
    digest: versionDigest,
    gate: {
      name: 'better_than_baseline',
      conditions: [
        {
          metric: 'roc_auc',
          subject: { case: 'otherFeature', value: BASELINE_FEATURE },
          differenceLowerAbove: 0,
          minExamples: 10_000n,
        },
      ],
    },
  });
  const { version } = await clients.registry.getVersion({
    model: MODEL,
    which: { case: 'digest', value: versionDigest },
  });
  const comparisons = version?.evidence.flatMap((evidence) => evidence.comparisons) ?? [];
  const difference = comparisons.findLast(({ other }) => other === BASELINE_FEATURE)?.difference;
  step.figure('metrics', version?.metrics.map(metricFigure));
  step.check(
    'the gate passes: AUC above that of the 24-hour late share, lower bound of the difference above 0',
    gate.verdict === GateVerdict.PASSED && (difference?.lower ?? -1) > 0,
    `+${difference?.value.toFixed(4)} [${difference?.lower.toFixed(4)}, ${difference?.upper.toFixed(4)}]`,
  );

  await clients.registry.putRoute({
    route: {
      name: ROUTE,
      model: MODEL,
      alias: CHAMPION,
      featureService: FEATURE_SERVICE,
      auditClass: AuditClass.MANDATORY,
      payloadPolicy: PayloadPolicy.FULL,
    },
  });
  const { epoch, release } = await clients.registry.moveAlias({
    model: MODEL,
    alias: CHAMPION,
    digest: versionDigest,
    expectedDigest: '',
    reason: 'first champion: beats the 24-hour late share',
    decisionIds: [gate.decisionId],
  });
  await clients.traffic.waitForEpoch({ epoch }, { timeoutMs: 30_000 });
  const status = await until(
    'inference serving the champion',
    () => clients.inference.getStatus({}),
    ({ versions: loaded }) =>
      loaded.some(({ digest, state }) => digest === versionDigest && state === VersionState.READY),
  );
  const loaded = status.versions.find(({ digest }) => digest === versionDigest);
  step.figure('ledgerSequence', release?.sequence);
  step.figure('invariance', loaded?.invariance);
  step.check(
    'inference verified, warmed up and checked the champion before it serves',
    loaded !== undefined,
    'READY',
  );
}

/**
 * Registers in another tenant what one tenant has registered (the same content, hence the same digest), and measures it
 * there on `rows`: evidence does not travel.
 */
export async function copyVersion(
  from: TenantClients,
  to: TenantClients,
  versionDigest: string,
  rows: ReturnType<typeof flightsBetween>,
): Promise<void> {
  const { version } = await from.registry.getVersion({
    model: MODEL,
    which: { case: 'digest', value: versionDigest },
  });
  if (version === undefined) throw new Error(`version ${versionDigest} is not registered`);
  await to.registry.createModel({ model: MODEL, description: 'A copy, to see a source break' });
  await to.registry.registerVersion({
    model: MODEL,
    files: version.files,
    metrics: version.metrics,
    ...(version.provenance === undefined ? {} : { provenance: version.provenance }),
  });
  await to.trainer.evaluateVersions(
    {
      model: MODEL,
      rows,
      versionDigests: [versionDigest],
      baselineFeatures: [BASELINE_FEATURE],
      attachEvidence: true,
    },
    { timeoutMs: 120_000 },
  );
}
