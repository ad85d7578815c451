import { Counter, Gauge, type Registry } from 'prom-client';

export type EventOutcome = 'applied' | 'waited' | 'retried' | 'buried';

/** Counts what became of deliveries: `plumbline_events_total{consumer,outcome}`. Without a registry, nothing. */
export function deliveryCounter(
  registry: Registry | undefined,
  consumer: string,
): (outcome: EventOutcome, count?: number) => void {
  if (!registry) return () => undefined;
  const name = 'plumbline_events_total';
  const counter =
    (registry.getSingleMetric(name) as Counter<'consumer' | 'outcome'> | undefined) ??
    new Counter({
      name,
      help: 'Event deliveries by durable consumer and by what became of them.',
      labelNames: ['consumer', 'outcome'],
      registers: [registry],
    });
  return (outcome, count = 1) => counter.inc({ consumer, outcome }, count);
}

/** Shows how many events wait in the outbox, asked for at each scrape: `plumbline_outbox_pending`. */
export function measurePending(registry: Registry | undefined, pending: () => Promise<number>): void {
  if (!registry || registry.getSingleMetric('plumbline_outbox_pending')) return;
  new Gauge({
    name: 'plumbline_outbox_pending',
    help: 'Events that wait in the outbox; not a number while the database does not answer.',
    registers: [registry],
    async collect() {
      this.set(await pending().catch(() => Number.NaN));
    },
  });
}
