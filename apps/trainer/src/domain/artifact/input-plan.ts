import type { InputPlan } from '../training/engine.ts';

/** What is known of a feature's column in the fit rows. */
export interface FeatureColumn {
  readonly feature: string;
  /** "request" for request-time features. */
  readonly source: string;
  readonly isInteger: boolean;
  readonly hasNulls: boolean;
}

/**
 * The model's inputs. Only request-time integers that were never NULL enter as INT64; everything that comes from
 * ingested rows can be NULL in serving, for an entity that was never seen, and enters as FP64 with NaN for NULL.
 * An input is named after its feature, with the view in front where two views share the name.
 */
export function planInputs(columns: readonly FeatureColumn[]): InputPlan[] {
  const shortNames = columns.map(({ feature }) => shortName(feature));
  return columns.map(({ feature, source, isInteger, hasNulls }, index) => {
    const name = shortNames[index]!;
    const isUnique = shortNames.indexOf(name) === shortNames.lastIndexOf(name);
    return {
      name: isUnique ? name : feature.replace(':', '.'),
      datatype: isInteger && !hasNulls && source === 'request' ? 'INT64' : 'FP64',
      feature,
      source,
    };
  });
}

function shortName(feature: string): string {
  return feature.slice(feature.indexOf(':') + 1);
}
