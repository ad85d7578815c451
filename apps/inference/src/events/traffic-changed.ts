import type { EventBus } from '@plumbline/events';

const SUBJECT = 'plumbline.registry.traffic-changed';

/**
 * Calls `look` when the registry says that traffic changed, and after each connection to NATS, when hints may have
 * been missed. A hint only says when to look: the snapshot is read from the registry.
 */
export function followTrafficHints(bus: EventBus, look: () => void): { close(): void } {
  const stop = bus.subscribeHints(SUBJECT, look);
  return { close: stop };
}
