import { Gauge, Histogram, type Registry } from 'prom-client';
import { type Appender } from './domain/appender.ts';
import { type Gaps } from './domain/gaps.ts';

const COMMIT_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];
/** Younger gaps may only have been overtaken. */
const GAP_AGE_US = 60_000_000n;

/** Measures each commit: how many records shared it. */
export function commitSizes(registry: Registry): (records: number) => void {
  const histogram = new Histogram({
    name: 'plumbline_audit_commit_records',
    help: 'Records that shared a commit.',
    buckets: COMMIT_SIZES,
    registers: [registry],
  });
  return (records) => histogram.observe(records);
}

/** What operators alarm on: records that wait, leaves that cannot be proven yet, numbers that never came. */
export interface Observed {
  readonly appender: Appender;
  readonly gaps: Gaps;
  /** Committed leaves that no checkpoint covers. */
  readonly unprovenLeaves: () => Promise<bigint>;
}

/** Values that cannot be had, because Postgres is away, are exposed as NaN. */
export function exposeLog(registry: Registry, { appender, gaps, unprovenLeaves }: Observed): void {
  const gauge = (name: string, help: string, read: () => Promise<number> | number) =>
    new Gauge({
      name: `plumbline_audit_${name}`,
      help,
      registers: [registry],
      async collect() {
        this.set(await Promise.resolve(read()).catch(() => Number.NaN));
      },
    });
  gauge('waiting_records', 'Records that wait for a commit.', () => appender.waiting());
  gauge('unproven_leaves', 'Committed leaves that no checkpoint covers yet.', async () =>
    Number(await unprovenLeaves()),
  );
  gauge('sequence_gaps', 'Gaps in producer sequences, older than a minute.', async () => {
    const { length } = await gaps.noticedBefore(GAP_AGE_US);
    return length;
  });
}
