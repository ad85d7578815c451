export { errors as eventErrors } from './errors.ts';
export { type Deliveries, type Delivery, type EventBus, type Hint } from './bus.ts';
export { connectEvents, type ConnectOptions } from './connect-events.ts';
export { consume, type ConsumeOptions, type Consumer } from './consume.ts';
export { singly, type ReceivedEvent, type Subscription } from './apply-events.ts';
export { listDeadLetters, replayDeadLetters, type DeadLetter, type ReplayOptions } from './dead-letters.ts';
export { eventOf, type Envelope, type OutgoingEvent } from './event.ts';
export { deadLetterService, type DeadLetterParts } from './dead-letter-service.ts';
export { enqueue } from './outbox.ts';
export {
  startReconciler,
  type Reconciler,
  type Reconciliation,
  type ReconcilerOptions,
} from './reconciler.ts';
export { startRelay, type Relay, type RelayOptions } from './relay.ts';
export { type StreamOptions } from './stream.ts';
