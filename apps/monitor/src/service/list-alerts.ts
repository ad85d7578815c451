import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ListAlertsRequest, ListAlertsResponseSchema } from '@plumbline/contract-monitor';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { AlertStore } from '../domain/alert-store.ts';
import { alertMessage } from '../messages/alert-message.ts';

export async function handleListAlerts(
  store: AlertStore,
  request: ListAlertsRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof ListAlertsResponseSchema>> {
  const query = { model: request.model || undefined, firingOnly: request.firingOnly };
  const alerts = await store.list(requireTenant(context), query);
  return { alerts: alerts.map(alertMessage) };
}
