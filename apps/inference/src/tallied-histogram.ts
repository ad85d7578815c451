import { Histogram, type LabelValues } from 'prom-client';

/** How often each value was observed, under one set of labels. */
export interface Tally<Label extends string> {
  readonly labels: LabelValues<Label>;
  readonly counts: readonly (readonly [value: number, count: number])[];
}

interface Sample {
  readonly metricName: string;
  readonly labels: LabelValues<string>;
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

  #samples({ labels, counts }: Tally<Label>): Sample[] {
    const { name, buckets } = this.#options;
    const upTo = (bound: number) =>
      counts.reduce((sum, [value, count]) => sum + (value <= bound ? count : 0), 0);
    const bucket = (bound: number): Sample => ({
      metricName: `${name}_bucket`,
      labels: { le: bound === Infinity ? '+Inf' : bound, ...labels },
      value: upTo(bound),
    });
    const sum = counts.reduce((total, [value, count]) => total + value * count, 0);
    return [
      ...[...buckets, Infinity].map(bucket),
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: upTo(Infinity) },
    ];
  }
}
