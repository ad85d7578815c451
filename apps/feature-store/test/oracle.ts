import type { Value } from '@plumbline/expressions';

/** A row of the oracle's source, as ingested. */
export interface OracleRow {
  readonly id: number;
  readonly entity: string;
  readonly event: number;
  readonly known: number;
  /** Ingest order. */
  readonly sequence: number;
  readonly amount: number | null;
  readonly label: string | null;
}

const HOUR = 3_600_000_000;

/**
 * What every feature of the definitions in `oracle-definitions.ts` must be, by brute force over all rows: visible rows,
 * of those the greatest of each row key, of those the ones in the window.
 */
export function oracleFeatures(
  rows: readonly OracleRow[],
  entity: string,
  at: number,
): Record<string, Value> {
  const visible = rows.filter((row) => row.entity === entity && row.event <= at && row.known <= at);
  if (visible.length === 0) return Object.fromEntries(NAMES.map((name) => [name, null]));
  const greatest = new Map<number, OracleRow>();
  for (const row of visible) {
    const rival = greatest.get(row.id);
    if (rival === undefined || order(row, rival) > 0) greatest.set(row.id, row);
  }
  const standing = [...greatest.values()];
  const newest = visible.toSorted(order).at(-1)!;
  return {
    ...windowed(standing, at, 2 * HOUR, '2h'),
    ...windowed(standing, at, 30 * HOUR, '30h'),
    label: at - newest.event > 10 * HOUR ? null : newest.label,
  };
}

const order = (a: OracleRow, b: OracleRow): number =>
  a.event - b.event || a.known - b.known || a.sequence - b.sequence;

function windowed(
  standing: readonly OracleRow[],
  at: number,
  length: number,
  suffix: string,
): Record<string, Value> {
  const inside = standing.filter((row) => row.event > at - length);
  const amounts = inside.flatMap((row) => (row.amount === null ? [] : [row.amount]));
  const sum = amounts.reduce((total, amount) => total + amount, 0);
  const last = inside.toSorted((a, b) => a.event - b.event || a.sequence - b.sequence).at(-1);
  const none = amounts.length === 0;
  return {
    [`count_${suffix}`]: inside.length,
    [`sum_${suffix}`]: none ? null : sum,
    [`mean_${suffix}`]: none ? null : sum / amounts.length,
    [`min_${suffix}`]: none ? null : Math.min(...amounts),
    [`max_${suffix}`]: none ? null : Math.max(...amounts),
    [`last_${suffix}`]: last?.amount ?? null,
  };
}

const OPERATIONS = ['count', 'sum', 'mean', 'min', 'max', 'last'] as const;

/** Names of the features, in the order of the service's vector. */
export const NAMES = [
  ...['2h', '30h'].flatMap((suffix) => OPERATIONS.map((operation) => `${operation}_${suffix}`)),
  'label',
];

/** The source that known-at, corrections and latest values are tried on. */
export const ORACLE_DEFINITIONS = {
  entities: [{ name: 'account', joinKeys: [{ name: 'entity', type: 'STRING' as const }], description: '' }],
  sources: [
    {
      name: 'payments',
      columns: [
        column('id', 'INT64', true),
        column('entity', 'STRING', true),
        column('event', 'TIMESTAMP', true),
        column('known', 'TIMESTAMP', true),
        column('amount', 'INT64', false),
        column('label', 'STRING', false),
      ],
      rowKey: ['id'],
      eventTime: 'event',
      knownAt: 'known',
      derived: [],
      description: '',
      rejectBatchAboveShare: 1,
    },
  ],
  featureViews: [
    {
      name: 'spending',
      entity: 'account',
      source: 'payments',
      features: [2, 30].flatMap((hours) =>
        OPERATIONS.map((operation) => ({
          name: `${operation}_${hours}h`,
          column: operation === 'count' ? '' : 'amount',
          operation,
          windowUs: hours * HOUR,
        })),
      ),
      latestColumns: ['label'],
      ttlUs: 10 * HOUR,
      description: '',
    },
  ],
  requestViews: [],
  featureServices: [{ name: 'risk', features: NAMES.map((name) => `spending:${name}`), description: '' }],
};

function column(name: string, type: 'INT64' | 'STRING' | 'TIMESTAMP', required: boolean) {
  return { name, type, required, domain: [], pattern: '' };
}
