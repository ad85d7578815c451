import type { LabelsAdvanced } from '@plumbline/contract-events';
import type { Envelope } from '@plumbline/events';
import type { Clock } from '@plumbline/service';
import { checkRules, type RetrainingLimits } from '../domain/check-rules.ts';
import type { Tables } from '../domain/tables.ts';

interface Dependencies<Tx> {
  readonly tablesOf: (tx: Tx, tenant: string) => Tables;
  readonly clock: Clock;
  readonly limits: RetrainingLimits;
}

/** plumbline.monitor.labels-advanced: the labels of a model passed a midnight, so its retraining rules are checked. */
export const labelsAdvanced =
  <Tx>({ tablesOf, clock, limits }: Dependencies<Tx>) =>
  async (tx: Tx, { model, boundaryUs, labelsTotal }: LabelsAdvanced, { tenant }: Envelope): Promise<void> => {
    const call = { tenant, actor: 'service:registry', nowUs: clock.nowUs() };
    await checkRules(tablesOf(tx, tenant), call, { model, boundaryUs, labelsTotal }, limits);
  };
