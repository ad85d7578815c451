import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { passGate, registerVersion, startRegistry, type Clients, type Harness } from './harness.ts';

let harness: Harness;
let operator: Clients;
beforeAll(async () => {
  harness = await startRegistry();
  operator = harness.as('operator');
});
afterAll(() => harness.close());

/** Move to version 0, 1 or 2, or go back; by a caller who looked first or by one whose view is out of date. */
const operation = fc.record({
  target: fc.constantFrom(0, 1, 2, 'back' as const),
  informed: fc.boolean(),
});

let models = 0;
async function newModel(): Promise<{ model: string; digests: string[] }> {
  const model = `ledger_${models++}`;
  await operator.registry.createModel({ model });
  const digests: string[] = [];
  for (const content of ['a', 'b', 'c']) {
    digests.push((await registerVersion(harness, model, content)).digest);
  }
  return { model, digests };
}

describe('the release ledger', () => {
  it('follows a stack: moves push, rollbacks pop, and what is refused leaves no trace', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 3, maxLength: 8 }), async (operations) => {
        const { model, digests } = await newModel();
        const stack: string[] = [];
        const rows: string[] = [];
        for (const { target, informed } of operations) {
          const current = stack.at(-1);
          const expectedDigest = informed ? (current ?? '') : (digests.find((one) => one !== current) ?? '');
          if (target === 'back') {
            const done = await operator.registry
              .rollback({
                model,
                alias: 'champion',
                expectedDigest: expectedDigest || (digests[0] as string),
              })
              .then(
                () => true,
                () => false,
              );
            expect(done).toBe(informed && stack.length >= 2);
            if (done) {
              stack.pop();
              rows.push(stack.at(-1) as string);
            }
            continue;
          }
          const digest = digests[target] as string;
          const decisionIds = digest === current ? [] : [await passGate(harness, model, digest, current)];
          const done = await operator.registry
            .moveAlias({ model, alias: 'champion', digest, expectedDigest, decisionIds })
            .then(
              () => true,
              () => false,
            );
          expect(done).toBe(informed && digest !== current);
          if (done) {
            stack.push(digest);
            rows.push(digest);
          }
        }
        const { releases } = await operator.registry.listReleases({ model });
        expect(releases.map(({ digest }) => digest).reverse()).toEqual(rows);
        expect(releases.map(({ previousDigest }) => previousDigest).reverse()).toEqual(
          ['', ...rows].slice(0, rows.length),
        );
      }),
      { numRuns: 8 },
    );
  });

  it('goes up in epochs and sequences together, whatever models move at once', async () => {
    const prepared = await Promise.all(Array.from({ length: 4 }, () => newModel()));
    const moves = await Promise.all(
      prepared.map(async ({ model, digests: [digest = ''] }) => {
        const decisionIds = [await passGate(harness, model, digest)];
        return operator.registry.moveAlias({ model, alias: 'champion', digest, decisionIds });
      }),
    );
    const byEpoch = moves.toSorted((a, b) => Number(a.epoch - b.epoch));
    const sequences = byEpoch.map(({ release }) => release?.sequence ?? 0n);
    expect(new Set(byEpoch.map(({ epoch }) => epoch)).size).toBe(4);
    expect(sequences).toEqual(sequences.toSorted((a, b) => Number(a - b)));
  });
});
