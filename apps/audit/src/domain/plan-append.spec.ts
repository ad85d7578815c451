import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { tenantDigest } from './event-id.ts';
import { planAppend, type AppendPlan, type LogSnapshot } from './plan-append.ts';
import { type Commitment, type RecordKind, type Submission } from './record.ts';
import { entriesOf, type Segment } from './segment.ts';

// A commitment of the tests' own encoding: id, tenant digest, request digest, kind.
const KINDS: readonly RecordKind[] = ['PREDICTION', 'REFUSAL', 'SHADOW', 'DECISION'];
const EMPTY: LogSnapshot = { nextIndex: 0n, committedAtUs: 0n, candidates: [], sequences: [] };
const NO_BYTES = new Uint8Array(0);

function read(bytes: Uint8Array): Commitment {
  return {
    bytes,
    eventId: bytes.subarray(0, 16),
    tenantDigest: bytes.subarray(16, 48),
    requestDigest: bytes.subarray(48, 80),
    payloadDigest: NO_BYTES,
    answerDigest: NO_BYTES,
    modelDigest: NO_BYTES,
    kind: KINDS[bytes[80]!]!,
    atUs: 1n,
  };
}

interface Draft {
  readonly tenant: string;
  readonly id: number;
  readonly request: number;
  readonly kind: number;
}

function submit({ tenant, id, request, kind }: Draft): Submission {
  const eventId = createHash('md5').update(`id ${id}`).digest();
  const bytes = Buffer.concat([
    eventId,
    tenantDigest(tenant, eventId),
    createHash('sha256').update(`request ${request}`).digest(),
    Buffer.of(kind),
  ]);
  return { tenant, commitment: read(bytes), payload: Buffer.from(`${tenant} ${id}`), facts: Buffer.of(id) };
}

const drafts = fc.array(
  fc.record({ tenant: fc.constantFrom('a', 'b'), id: fc.nat(12), request: fc.nat(2), kind: fc.nat(3) }),
  { maxLength: 40 },
);

/** The plainest log there is: what each (tenant, id) first said, one batch after the other. */
function oracle(batches: readonly (readonly Draft[])[]) {
  const first = new Map<string, Draft>();
  return batches.map((batch) =>
    batch.map((draft) => {
      const key = `${draft.tenant} ${draft.id}`;
      const known = first.get(key);
      if (!known) first.set(key, draft);
      if (!known) return 'RECORDED';
      return known.request === draft.request ? 'ALREADY_RECORDED' : 'ID_REUSED';
    }),
  );
}

function run(batches: readonly (readonly Draft[])[]) {
  let snapshot = EMPTY;
  const plans: AppendPlan[] = [];
  const segments: Segment[] = [];
  batches.forEach((batch, index) => {
    const plan = planAppend(snapshot, batch.map(submit), BigInt(index), read);
    plans.push(plan);
    segments.push(...plan.write.segments);
    const { nextIndex, committedAtUs } = plan.write;
    snapshot = { nextIndex, committedAtUs, candidates: segments, sequences: [] };
  });
  return { plans, segments };
}

describe('a plan to append', () => {
  it('records each (tenant, id) once and judges repetitions by their request', () => {
    fc.assert(
      fc.property(fc.array(drafts, { maxLength: 5 }), (batches) => {
        const { plans } = run(batches);
        expect(plans.map(({ outcomes }) => outcomes.map(({ status }) => status))).toEqual(oracle(batches));
      }),
    );
  });

  it('gives leaves without gaps, and every record the leaf that it was told', () => {
    fc.assert(
      fc.property(fc.array(drafts, { maxLength: 5 }), (batches) => {
        const { plans, segments } = run(batches);
        const entries = segments.flatMap((segment) => entriesOf(segment, read));
        expect(entries.map(({ leafIndex }) => leafIndex)).toEqual(entries.map((_, index) => BigInt(index)));
        plans.forEach(({ outcomes }, batch) =>
          outcomes.forEach(({ entry }, index) => {
            const { tenant, commitment } = submit(batches[batch]![index]!);
            const stored = entries[Number(entry.leafIndex)]!;
            expect(stored.tenant).toBe(tenant);
            expect(Buffer.from(stored.commitment.eventId)).toEqual(Buffer.from(commitment.eventId));
          }),
        );
      }),
    );
  });

  it('writes a payload and the facts of each new record, and nothing for the others', () => {
    fc.assert(
      fc.property(drafts, (batch) => {
        const { write, outcomes } = planAppend(EMPTY, batch.map(submit), 5n, read);
        const recorded = outcomes.filter(({ status }) => status === 'RECORDED').length;
        expect(write.payloads).toHaveLength(recorded);
        expect(write.facts.flatMap(({ records }) => records)).toHaveLength(recorded);
        expect(write.nextIndex).toBe(BigInt(recorded));
        expect(new Set(write.facts.map(({ tenant }) => tenant)).size).toBe(write.facts.length);
      }),
    );
  });

  it('never commits before the newest record, whatever the clock says', () => {
    const snapshot = { ...EMPTY, committedAtUs: 1_000n };
    const { write } = planAppend(snapshot, [submit({ tenant: 'a', id: 1, request: 1, kind: 0 })], 400n, read);
    expect(write.committedAtUs).toBe(1_000n);
    expect(write.segments[0]?.committedAtUs).toBe(1_000n);
  });

  it('advances the sequence of every producer in the batch', () => {
    const stamped = [1n, 2n, 5n].map((sequence, index) => ({
      ...submit({ tenant: 'a', id: index, request: 1, kind: 0 }),
      producer: { producerId: 'gateway', epoch: 3n, sequence },
    }));
    const { write } = planAppend(EMPTY, stamped, 7n, read);
    expect(write.sequences).toEqual([
      { producerId: 'gateway', epoch: 3n, next: 6n, gaps: [{ first: 3n, last: 4n, noticedAtUs: 7n }] },
    ]);
  });
});
