import { defineErrors } from '@plumbline/errors';

export const errors = defineErrors('events', {
  EVENTS_UNAVAILABLE: {
    code: 'UNAVAILABLE',
    help: 'The event stream cannot be reached. Events wait in the outbox; nothing is lost.',
  },
  EVENT_TOO_LARGE: {
    code: 'FAILED_PRECONDITION',
    help: 'An event exceeds 900 KiB. Put the bulk into an object and send its digest.',
  },
  EVENT_MALFORMED: {
    code: 'DATA_LOSS',
    help: 'A message on the stream is not an event envelope, or its payload cannot be decoded.',
  },
  CONSUMER_UNKNOWN: {
    code: 'INVALID_ARGUMENT',
    help: 'The service has no consumer of that name; the message lists those it has.',
  },
  EVENT_ID_INVALID: { code: 'INVALID_ARGUMENT', help: 'An event id is no UUID.' },
  EVENT_TYPE_UNEXPECTED: {
    code: 'FAILED_PRECONDITION',
    help: 'The event has another type than its subject promises.',
  },
});
