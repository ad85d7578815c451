import type { Call } from './call.ts';
import { errors } from './errors.ts';
import { requireVersion } from './refuse.ts';
import type { Tables } from './tables.ts';
import type { AttachedEvidence } from './version.ts';

/** True when the very same evidence was attached before. @throws ServiceError VERSION_NOT_FOUND, EVIDENCE_CONFLICT */
export async function attachEvidence(
  tables: Pick<Tables, 'models' | 'versions' | 'evidence'>,
  call: Call,
  evidence: Omit<AttachedEvidence, 'attachedAtUs'>,
): Promise<boolean> {
  await requireVersion(tables, evidence.model, evidence.version);
  await tables.models.lock(evidence.model);
  const present = await tables.evidence.byId(evidence.id);
  if (!present) {
    await tables.evidence.append({ ...evidence, attachedAtUs: call.nowUs }, call.actor);
    return false;
  }
  if (sameEvidence(present, evidence)) return true;
  throw errors.EVIDENCE_CONFLICT(`evidence ${evidence.id} is attached already, with another content`, {
    metadata: { evidence: evidence.id },
  });
}

/** By what was measured, not by when: a retried measurement gives the same figures later. NaN equals NaN. */
function sameEvidence(present: AttachedEvidence, given: Omit<AttachedEvidence, 'attachedAtUs'>): boolean {
  const instants = { measuredAtUs: 0n, attachedAtUs: 0n };
  return canonical({ ...present, ...instants }) === canonical({ ...given, ...instants });
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => {
    if (typeof one === 'bigint' || (typeof one === 'number' && !Number.isFinite(one))) return String(one);
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return one;
    return Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
