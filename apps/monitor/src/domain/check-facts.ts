import { isUuid } from '@plumbline/uuid';
import { errors } from './errors.ts';
import type { PredictionFacts } from './prediction-facts.ts';

/** Far beyond every name that the registry allows, and short enough for every index. */
const MAX_NAME = 255;
/** The gateway takes instants from 1970 up to here, in 2255. */
const LAST_INSTANT_US = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Passes facts that can be stored and counted. The gateway takes names from the registry, ids and instants only when
 * they are valid, so others never were a prediction: EVENT_FACTS_INVALID, which makes the event a dead letter as a
 * whole, to be looked into and replayed, rather than lose one of its predictions unseen.
 */
export function checkFacts(facts: PredictionFacts): void {
  const { predictionId, labelId, model, digest, route, variant, asOfUs } = facts;
  const faults = [
    ...Object.entries({ model, digest, route, variant }).filter(([, text]) => !isName(text)),
    ...Object.entries({ predictionId, labelId }).filter(([, id]) => !isUuid(id)),
    ...(asOfUs >= 0n && asOfUs <= LAST_INSTANT_US ? [] : [['asOfUs']]),
  ].map(([field = '']) => field);
  if (faults.length === 0) return;
  throw errors.EVENT_FACTS_INVALID(`a recorded prediction has no usable ${faults.join(', ')}`);
}

function isName(text: string): boolean {
  return text.length <= MAX_NAME && !/[\p{Cc}\p{Cs}]/u.test(text);
}
