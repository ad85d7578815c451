import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { TalliedHistogram } from './tallied-histogram.ts';

const OPTIONS = { name: 'rows', help: 'Rows.', labelNames: ['model'] as const, buckets: [1, 4, 16] };

const tallies = fc.uniqueArray(
  fc.record({
    model: fc.constantFrom('a', 'b', 'c'),
    counts: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5 })), {
      selector: ([value]) => value,
      minLength: 1,
      maxLength: 5,
    }),
  }),
  { selector: ({ model }) => model, maxLength: 3 },
);

/** As JSON, without exemplars, which are not asked for. */
async function samplesOf(registry: Registry) {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.map(({ values, ...metric }) => ({
    ...metric,
    values: values.map((sample) => ({ ...sample, exemplar: null })),
  }));
}

describe('TalliedHistogram', () => {
  it('shows in both forms what a histogram shows that was told each observation', async () => {
    await fc.assert(
      fc.asyncProperty(tallies, async (drawn) => {
        const told = new Registry();
        const histogram = new Histogram({ ...OPTIONS, registers: [told] });
        for (const { model, counts } of drawn) {
          for (const [value, count] of counts) {
            for (let turn = 0; turn < count; turn++) histogram.observe({ model }, value);
          }
        }
        const tallied = new Registry();
        tallied.registerMetric(
          new TalliedHistogram({
            ...OPTIONS,
            tallies: () => drawn.map(({ model, counts }) => ({ labels: { model }, counts })),
          }),
        );
        expect(await tallied.metrics()).toBe(await told.metrics());
        expect(await samplesOf(tallied)).toEqual(await samplesOf(told));
      }),
    );
  });
});
