import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AlertSchema } from '@plumbline/contract-monitor';
import type { Alert } from '../domain/decide-alerts.ts';

export function alertMessage(alert: Alert): MessageInitShape<typeof AlertSchema> {
  return {
    alertId: alert.alertId,
    model: alert.model,
    modelDigest: alert.digest,
    source: alert.source,
    columns: [...alert.columns],
    firedAtUs: alert.firedAtUs,
    clearedAtUs: alert.clearedAtUs ?? 0n,
    reasons: [...alert.reasons],
  };
}
