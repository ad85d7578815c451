import {
  AliasMovedSchema,
  DecisionRecordedSchema,
  TrafficChangedSchema,
  TrainingRequestedSchema,
  VersionRegisteredSchema,
} from '@plumbline/contract-events';
import { eventOf, type OutgoingEvent } from '@plumbline/events';
import type { Decision, DomainEvent } from '../domain/event.ts';
import { releaseOf } from './release.ts';
import { trainingRequestedOf } from './retraining.ts';
import { registeredVersionOf } from './version.ts';

/** An event on its way out. `plumbline.registry.traffic-changed` spans tenants and carries none. */
export function outgoingEventOf(event: DomainEvent, tenant: string, nowUs: bigint): OutgoingEvent {
  const facts = { subject: `plumbline.registry.${event.kind}`, tenant, nowUs };
  switch (event.kind) {
    case 'version-registered':
      return eventOf(VersionRegisteredSchema, { version: registeredVersionOf(event.version) }, facts);
    case 'alias-moved':
      return eventOf(AliasMovedSchema, { release: releaseOf(event.release) }, facts);
    case 'traffic-changed':
      return eventOf(TrafficChangedSchema, { epoch: event.epoch }, { ...facts, tenant: '' });
    case 'training-requested':
      return eventOf(TrainingRequestedSchema, trainingRequestedOf(event.order), facts);
    case 'decision-recorded':
      return eventOf(DecisionRecordedSchema, decisionOf(event.decision, event.actor, nowUs), facts);
  }
}

function decisionOf({ id, reasons, ...decision }: Decision, actor: string, nowUs: bigint) {
  return {
    ...decision,
    decisionId: id,
    service: 'registry',
    actor,
    reasons: [...reasons],
    atUs: nowUs,
  };
}
