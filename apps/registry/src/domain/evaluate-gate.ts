import { randomUUID } from 'node:crypto';
import { evaluateGate as decide, type Gate } from '@plumbline/release';
import type { Call } from './call.ts';
import { decided } from './event.ts';
import { requireVersion } from './refuse.ts';
import { headOf, type RecordedGate } from './release.ts';
import type { Tables } from './tables.ts';

/** Judges a version by a gate over its evidence, and keeps the decision for releases to cite. */
export async function evaluateGate(
  tables: Pick<Tables, 'versions' | 'evidence' | 'releases' | 'gates' | 'events'>,
  call: Call,
  { model, digest, gate }: { readonly model: string; readonly digest: string; readonly gate: Gate },
): Promise<RecordedGate> {
  await requireVersion(tables, model, digest);
  const evidence = await tables.evidence.about(model, digest);
  const decision = decide({ evidence, aliases: await aliasesOf(tables, model) }, gate, call.nowUs);
  const { verdict, reasons, evidenceIds, comparedWith } = decision;
  const record: RecordedGate = {
    id: randomUUID(),
    model,
    digest,
    gate,
    verdict,
    reasons,
    evidenceIds,
    comparedWith,
    actor: call.actor,
    atUs: call.nowUs,
  };
  await tables.gates.append(record);
  await tables.events.publish(
    call.nowUs,
    decided(call, {
      id: record.id,
      action: 'gate_evaluated',
      subject: `model/${model}/version/${digest}`,
      outcome: verdict,
      reasons: [`gate ${gate.name}`, ...reasons],
    }),
  );
  return record;
}

async function aliasesOf(
  { releases }: Pick<Tables, 'releases'>,
  model: string,
): Promise<Map<string, string>> {
  const ledgers = await releases.ledgers(model);
  return new Map(
    [...ledgers].flatMap(([alias, ledger]): [string, string][] => {
      const head = headOf(ledger);
      return head === undefined ? [] : [[alias, head]];
    }),
  );
}
