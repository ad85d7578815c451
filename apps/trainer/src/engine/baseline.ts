import { create, toBinary } from '@bufbuild/protobuf';
import { ProfileSchema } from '@plumbline/contract-monitor';
import { buildProfile } from '@plumbline/statistics';
import { columnOf } from '../domain/boosting/matrix.ts';
import type { InputPlan } from '../domain/training/engine.ts';
import type { LoadedDataset } from './read-dataset.ts';

/** Rows with the scores that the model gives them. */
export interface ScoredDataset {
  readonly dataset: LoadedDataset;
  readonly scores: ArrayLike<number>;
}

/** baseline.pb: the profile of features and score over all rows that the version was fitted and judged on. */
export function baselineProfile(parts: readonly ScoredDataset[], inputs: readonly InputPlan[]): Uint8Array {
  const profile = buildProfile({
    eventTimesUs: concatenated(
      BigInt64Array,
      parts.map(({ dataset }) => dataset.instantsUs),
    ),
    features: inputs.map(({ feature, name, source }, column) => ({
      name: feature,
      input: name,
      source,
      values: concatenated(
        Float32Array,
        parts.map(({ dataset }) => columnOf(dataset.matrix, column)),
      ),
    })),
    score: {
      name: 'score',
      values: concatenated(
        Float32Array,
        parts.map(({ scores }) => Float32Array.from(scores)),
      ),
    },
  });
  return toBinary(ProfileSchema, create(ProfileSchema, profile));
}

interface ArrayType<A> {
  new (length: number): A;
}

function concatenated<A extends { readonly length: number; set(part: A, offset: number): void }>(
  type: ArrayType<A>,
  parts: readonly A[],
): A {
  const whole = new type(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
