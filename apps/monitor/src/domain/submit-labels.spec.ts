import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { submitLabels, type Label } from './submit-labels.ts';

const ids = ['a', 'b', 'c'].map((letter) => `${letter.repeat(8)}-0000-7000-8000-000000000000`);
const label = fc.record({
  predictionId: fc.constantFrom(...ids, ...ids.map((id) => id.toUpperCase())),
  value: fc.constantFrom(0, 1),
  knownAtUs: fc.bigInt({ min: 1n, max: 5n }),
});

it('keeps of each prediction the label known last, and tells how many wait', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(label, { maxLength: 12 }),
      fc.bigInt({ min: 0n, max: 9n }),
      async (labels, until) => {
        const kept: { labels: readonly Label[]; untilUs: bigint }[] = [];
        const put = async (_tenant: string, distinct: readonly Label[], untilUs: bigint) => {
          kept.push({ labels: distinct, untilUs });
          return 1;
        };
        const { joined, waiting } = await submitLabels({ put }, 't', labels, until);
        const expected = ids.flatMap((id) => {
          const own = labels.filter(({ predictionId }) => predictionId.toLowerCase() === id);
          const latest = own.toSorted((left, right) => Number(left.knownAtUs - right.knownAtUs)).at(-1);
          return latest === undefined ? [] : [{ ...latest, predictionId: id }];
        });
        const instants = [until, ...labels.map(({ knownAtUs }) => knownAtUs)];
        expect(kept).toEqual([{ labels: expected, untilUs: instants.reduce((a, b) => (a > b ? a : b)) }]);
        expect(joined + waiting).toBe(expected.length);
      },
    ),
  );
});
