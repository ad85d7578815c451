import type { CheckGroup } from '../suite/check.ts';
import { binaryChecks } from './binary.ts';
import { controlChecks } from './control.ts';
import { inferenceChecks } from './inference.ts';
import { inspectionChecks } from './inspection.ts';
import { restRefusalChecks } from './refusals.ts';

/** The protocol over HTTP, with JSON and binary tensors. */
export const rest: CheckGroup = {
  name: 'rest',
  topics: {
    inspect: inspectionChecks,
    infer: inferenceChecks,
    refusals: restRefusalChecks,
    binary: binaryChecks,
    control: controlChecks,
  },
};
