import type { MessageInitShape } from '@bufbuild/protobuf';
import type { BuildTrainingSetRequestSchema } from '@plumbline/contract-features';
import { FEATURE_SERVICE, SOURCE } from './setting.ts';

type TrainingSet = MessageInitShape<typeof BuildTrainingSetRequestSchema>;

export const SPINE_INSTANT = 'date';
export const LABEL = 'delay > 15';
export const REQUEST_VALUES = { departure_us: 'date', distance_miles: 'distance' };

/** All flights that depart in [fromUs, toUs) with what was known at each departure, and their outcomes known by then. */
export function flightsBetween(fromUs: bigint, toUs: bigint, knownByUs = 0n): TrainingSet {
  return {
    featureService: FEATURE_SERVICE,
    spineSource: SOURCE,
    spineInstant: SPINE_INSTANT,
    fromUs,
    toUs,
    label: LABEL,
    knownByUs,
    requestValues: REQUEST_VALUES,
  };
}
