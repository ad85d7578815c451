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
        const { joined, waiting } = await submitLabels({ put }, 't', labels, until, 9n);
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

const MINUTE_US = 60_000_000n;
const id = ids[0] ?? '';

it.each([
  [
    'a label known tomorrow',
    [{ predictionId: id, value: 1, knownAtUs: 10n + MINUTE_US }],
    0n,
    'labels[0].known_at_us',
  ],
  ['a promise for tomorrow', [], 10n + MINUTE_US, 'complete_until_us'],
  [
    'a label without an instant',
    [{ predictionId: id, value: 1, knownAtUs: 0n }],
    0n,
    'labels[0].known_at_us',
  ],
  ['a promise of before 1970', [], -1n, 'complete_until_us'],
  [
    'a label of no prediction',
    [{ predictionId: 'x', value: 1, knownAtUs: 1n }],
    0n,
    'labels[0].prediction_id',
  ],
  ['a label of no value', [{ predictionId: id, value: NaN, knownAtUs: 1n }], 0n, 'labels[0].value'],
])('refuses %s and takes nothing', async (_what, labels, until, field) => {
  const put = () => Promise.reject(new Error('nothing may be put'));
  await expect(submitLabels({ put }, 't', labels, until, 9n)).rejects.toMatchObject({
    reason: 'LABELS_INVALID',
    fieldViolations: [{ field }],
  });
});

it('takes what a clock a minute ahead of ours calls now', async () => {
  const labels = [{ predictionId: id, value: 1, knownAtUs: 9n + MINUTE_US }];
  await expect(submitLabels({ put: async () => 1 }, 't', labels, 9n + MINUTE_US, 9n)).resolves.toEqual({
    joined: 1,
    waiting: 0,
  });
});
