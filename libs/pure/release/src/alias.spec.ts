import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideMove, decideRollback, releaseStack, type GateRecord, type LedgerEntry } from './alias.ts';

const gate = (over: Partial<GateRecord> = {}): GateRecord => ({
  id: 'g',
  digest: 'b',
  verdict: 'PASSED',
  comparedWith: new Map([['champion', 'a']]),
  ...over,
});
const toB = { alias: 'champion', target: 'b', expected: 'a' as string | undefined };
const outcome = (result: ReturnType<typeof decideMove>) => (result.allowed ? 'allowed' : result.refusal);

describe('decideMove', () => {
  it.each([
    ['a passed gate against the champion', 'a', [gate()], toB, 'allowed'],
    ['the first version with a passed gate', undefined, [gate()], { ...toB, expected: undefined }, 'allowed'],
    ['the first version without a gate', undefined, [], { ...toB, expected: undefined }, 'GATE_NOT_PASSED'],
    ['a stale expectation', 'c', [gate()], toB, 'ALIAS_MOVED'],
    ['an expectation of nothing', 'a', [gate()], { ...toB, expected: undefined }, 'ALIAS_MOVED'],
    ['an expectation where nothing is', undefined, [gate()], toB, 'ALIAS_MOVED'],
    ['a move to where it is', 'b', [gate()], { ...toB, expected: 'b' }, 'ALIAS_UNCHANGED'],
    ['no gate', 'a', [], toB, 'GATE_NOT_PASSED'],
    ['a failed gate', 'a', [gate({ verdict: 'FAILED' })], toB, 'GATE_NOT_PASSED'],
    ['an inconclusive gate', 'a', [gate({ verdict: 'INCONCLUSIVE' })], toB, 'GATE_NOT_PASSED'],
    ['a passed gate beside a failed one', 'a', [gate(), gate({ verdict: 'FAILED' })], toB, 'GATE_NOT_PASSED'],
    ['a gate about another version', 'a', [gate({ digest: 'c' })], toB, 'GATE_NOT_PASSED'],
    [
      'a gate against an old champion',
      'a',
      [gate({ comparedWith: new Map([['champion', 'z']]) })],
      toB,
      'GATE_NOT_PASSED',
    ],
    [
      'a gate against another alias',
      'a',
      [gate({ comparedWith: new Map([['staging', 'a']]) })],
      toB,
      'GATE_NOT_PASSED',
    ],
    ['a gate against no version', 'a', [gate({ comparedWith: new Map() })], toB, 'GATE_NOT_PASSED'],
  ] as const)('decides %s', (_name, current, gates, request, expected) => {
    expect(outcome(decideMove(current, gates, request))).toBe(expected);
  });
});

const DIGESTS = ['a', 'b', 'c', 'd'];
/** A ledger as the service can write it: moves to any version, rollbacks only where there is a target. */
const ledger: fc.Arbitrary<LedgerEntry[]> = fc
  .array(fc.record({ rollback: fc.boolean(), digest: fc.constantFrom(...DIGESTS) }), { maxLength: 20 })
  .map((moves) =>
    moves.reduce<LedgerEntry[]>((entries, { rollback, digest }) => {
      const atUs = BigInt(entries.length);
      const target = releaseStack(entries).at(-2);
      if (rollback && target) return [...entries, { kind: 'rollback', digest: target.digest, atUs }];
      if (entries.at(-1)?.digest === digest) return entries;
      return [...entries, { kind: 'move', digest, atUs }];
    }, []),
  );

describe('releaseStack', () => {
  it('ends with what the newest row points at', () => {
    fc.assert(
      fc.property(ledger, (entries) => {
        expect(releaseStack(entries).at(-1)?.digest).toBe(entries.at(-1)?.digest);
      }),
    );
  });

  it('never offers the version that was just rolled back', () => {
    const entries: LedgerEntry[] = [
      { kind: 'move', digest: 'a', atUs: 0n },
      { kind: 'promotion', digest: 'b', atUs: 1n },
      { kind: 'rollback', digest: 'a', atUs: 2n },
    ];
    expect(releaseStack(entries).map(({ digest }) => digest)).toEqual(['a']);
  });
});

describe('decideRollback', () => {
  const two: LedgerEntry[] = [
    { kind: 'move', digest: 'a', atUs: 0n },
    { kind: 'promotion', digest: 'b', atUs: 10n },
  ];

  it.each([
    ['goes to the version before', two, 'b', 100n, 'a'],
    ['goes there at the end of the window', two, 'b', 110n, 'a'],
    ['refuses past the window', two, 'b', 111n, 'ROLLBACK_WINDOW_PASSED'],
    ['refuses a stale expectation', two, 'a', 20n, 'ALIAS_MOVED'],
    ['refuses an empty ledger', [], 'a', 20n, 'ALIAS_MOVED'],
    ['refuses the first version', two.slice(0, 1), 'a', 20n, 'NOTHING_TO_ROLL_BACK'],
  ] as const)('%s', (_name, entries, expected, nowUs, wanted) => {
    const decision = decideRollback(entries, { expected, windowUs: 100n }, nowUs);
    expect(decision.allowed ? decision.target : decision.refusal).toBe(wanted);
  });

  it('only goes to versions that an earlier row released, and comes to an end', () => {
    fc.assert(
      fc.property(ledger, (entries) => {
        let rows = entries;
        for (let steps = 0; steps <= entries.length; steps++) {
          const expected = rows.at(-1)?.digest ?? '';
          const decision = decideRollback(rows, { expected, windowUs: 1000n }, 100n);
          if (!decision.allowed) {
            expect(['NOTHING_TO_ROLL_BACK', 'ALIAS_MOVED']).toContain(decision.refusal);
            return;
          }
          expect(entries.map(({ digest }) => digest)).toContain(decision.target);
          rows = [...rows, { kind: 'rollback', digest: decision.target, atUs: 100n }];
        }
        throw new Error('rollbacks never ended');
      }),
    );
  });
});
