import type { Call } from './call.ts';
import { decided } from './event.ts';
import { requireModel } from './refuse.ts';
import type { DeclaredRule } from './retraining.ts';
import type { Tables } from './tables.ts';

/** Declares when a model is trained again, or declares it anew. @throws ServiceError MODEL_NOT_FOUND */
export async function putRetrainingRule(
  tables: Pick<Tables, 'models' | 'retrainings' | 'events'>,
  call: Call,
  rule: DeclaredRule,
): Promise<void> {
  await requireModel(tables, rule.model);
  await tables.retrainings.putRule(rule, call.nowUs);
  await tables.events.publish(
    call.nowUs,
    decided(call, {
      action: 'retraining_rule_declared',
      subject: `model/${rule.model}/rule/${rule.name}`,
      outcome: `${rule.minNewLabels} new labels`,
      reasons: [],
    }),
  );
}
