import { Histogram, type LabelValues } from 'prom-client';

/** How often each value was observed, under one set of labels. */
export interface Tally<Label extends string> {
  readonly labels: LabelValues<Label>;
  readonly counts: readonly (readonly [value: number, count: number])[];
}

interface Sample {
  readonly metricName: string;
  readonly labels: LabelValues<string>;
  /** Of all samples of a tally; prom-client joins them to `labels`. */
  readonly sharedLabels: LabelValues<string>;
  readonly value: number;
}

export interface TalliedHistogramOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
  /** Asked at every scrape. */
  readonly tallies: () => readonly Tally<Label>[];
}

/** A histogram of observations that are counted elsewhere; prom-client's own takes them one by one only. */
export class TalliedHistogram<Label extends string> extends Histogram<Label> {
  readonly #options: TalliedHistogramOptions<Label>;

  constructor(options: TalliedHistogramOptions<Label>) {
    const { name, help, labelNames, buckets } = options;
    super({ name, help, labelNames, buckets: [...buckets], registers: [] });
    this.#options = options;
  }

  /** What both forms of a scrape begin with. */
  async getForPromString(): Promise<object> {
    const { name, help, tallies } = this.#options;
    const values = tallies().flatMap((tally) => this.#samples(tally));
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }

  #samples({ labels: sharedLabels, counts }: Tally<Label>): Sample[] {
    const { name, buckets } = this.#options;
    const upTo = (bound: number): number =>
      counts.reduce((sum, [value, count]) => sum + (value <= bound ? count : 0), 0);
    const sample = (suffix: string, labels: LabelValues<string>, value: number): Sample => ({
      metricName: `${name}_${suffix}`,
      labels,
      sharedLabels,
      value,
    });
    return [
      ...buckets.map((bound) => sample('bucket', { le: bound }, upTo(bound))),
      sample('bucket', { le: '+Inf' }, upTo(Infinity)),
      sample(
        'sum',
        {},
        counts.reduce((sum, [value, count]) => sum + value * count, 0),
      ),
      sample('count', {}, upTo(Infinity)),
    ];
  }
}
