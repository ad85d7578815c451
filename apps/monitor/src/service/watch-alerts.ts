import { setTimeout as delay } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { WatchAlertsRequest, WatchAlertsResponseSchema } from '@plumbline/contract-monitor';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { AlertStore } from '../domain/alert-store.ts';
import { alertMessage } from '../messages/alert-message.ts';

/** Alerts change on any replica, so the table is what is watched. */
const POLL_MS = 500;

export async function* handleWatchAlerts(
  store: AlertStore,
  request: WatchAlertsRequest,
  context: CallContext,
): AsyncGenerator<MessageInitShape<typeof WatchAlertsResponseSchema>> {
  const tenant = requireTenant(context);
  const model = request.model || undefined;
  let position = 0n;
  for (let first = true; !context.signal.aborted; first = false) {
    for (const { alert, change } of await store.changedSince(tenant, model, position)) {
      position = change;
      if (!first || alert.clearedAtUs === undefined) yield { alert: alertMessage(alert) };
    }
    await delay(POLL_MS, undefined, { signal: context.signal }).catch(() => undefined);
  }
}
