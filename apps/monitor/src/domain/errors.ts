import { defineErrors } from '@plumbline/errors';

/** Every reason that monitor itself gives. docs/errors.md is generated from it. */
export const errors = defineErrors('monitor', {
  LABELS_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A label has no UUID, no finite value or no instant up to now, or there are more than 10,000. None was taken.',
  },
  RANGE_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The range of instants is empty or reaches before 1970.',
  },
  RANGE_TOO_LARGE: {
    code: 'OUT_OF_RANGE',
    help: 'More than two million labelled predictions fall into the range. Ask for a shorter one.',
  },
  VERSION_NOT_SEEN: {
    code: 'NOT_FOUND',
    help: 'No prediction of this model, or of this version of it, has been recorded in this tenant.',
  },
  BASELINE_MISSING: {
    code: 'FAILED_PRECONDITION',
    help: 'The version was registered without a readable baseline.pb, so there is nothing to compare with.',
  },
  EVENT_FACTS_MISSING: {
    code: 'INVALID_ARGUMENT',
    help: 'A predictions-recorded event holds a record without facts, or of a kind that is no prediction.',
  },
  EVENT_FACTS_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A predictions-recorded event holds a prediction with an id, a name or an instant that no gateway records.',
  },
});
