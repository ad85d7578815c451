import type { FieldViolation } from '@plumbline/errors';
import { errors } from '../errors.ts';
import { boostingParameters, type BoostingParameters } from '../boosting/parameters.ts';

/** The rows of a data set, as the feature store builds them point-in-time. */
export interface DatasetRequest {
  readonly featureService: string;
  /** 0: the newest. */
  readonly featureServiceVersion: number;
  readonly spineSource: string;
  /** Expression for the instant of a row. */
  readonly spineInstant: string;
  /** Epoch µs, inclusive. */
  readonly fromUs: bigint;
  /** Epoch µs, exclusive. */
  readonly toUs: bigint;
  readonly label: string;
  /** Only what was known by then counts; 0: no cut. */
  readonly knownByUs: bigint;
  /** Expressions for request-view inputs, by input name. */
  readonly requestValues: Readonly<Record<string, string>>;
}

/** What to train. */
export interface TrainingSpec {
  readonly model: string;
  readonly fit: DatasetRequest;
  readonly gate: DatasetRequest;
  /** JSON object of numbers; empty: defaults. */
  readonly parametersJson: string;
  readonly seed: bigint;
  /** "view:feature" whose value alone is the score to beat; empty: none. */
  readonly baselineFeature: string;
}

/** Refuses what can be refused without looking at data: SPEC_INVALID, PARAMETERS_INVALID. */
export function checkSpec(spec: TrainingSpec): void {
  const violations = [
    ...modelViolations('spec.model', spec.model),
    ...rangeViolations('spec.fit', spec.fit),
    ...rangeViolations('spec.gate', spec.gate),
    ...(spec.gate.fromUs < spec.fit.toUs
      ? [violation('spec.gate.from_us', 'lies before the end of the fit range')]
      : []),
    ...(spec.gate.label === spec.fit.label
      ? []
      : [violation('spec.gate.label', "differs from the fit range's")]),
  ];
  if (violations.length > 0) throw specInvalid(violations);
  parametersOf(spec.parametersJson);
}

/** What is wrong with a model's name, which the registry would refuse once everything is done. */
export function modelViolations(field: string, model: string): FieldViolation[] {
  if (/^[a-z][a-z0-9_]{0,62}$/.test(model)) return [];
  return [violation(field, 'is not lower_snake_case of at most 63 characters')];
}

/** SPEC_INVALID with these violations; its message repeats them for people. */
export function specInvalid(fieldViolations: readonly FieldViolation[]): Error {
  const sentence = fieldViolations.map(({ field, description }) => `${field} ${description}`).join('; ');
  return errors.SPEC_INVALID(sentence, { fieldViolations });
}

/** What is wrong with a range of rows, as violations below `path`. */
export function rangeViolations(path: string, rows: DatasetRequest): FieldViolation[] {
  const required = {
    feature_service: rows.featureService,
    spine_source: rows.spineSource,
    label: rows.label,
  };
  const missing = Object.entries(required).flatMap(([field, value]) =>
    value === '' ? [violation(`${path}.${field}`, 'is missing')] : [],
  );
  return rows.toUs > rows.fromUs ? missing : [...missing, violation(`${path}.to_us`, 'is not after from_us')];
}

export function violation(field: string, description: string): FieldViolation {
  return { field, description };
}

/** Defaults under the given values. Throws PARAMETERS_INVALID. */
export function parametersOf(json: string): BoostingParameters {
  const { parameters, problems } = boostingParameters(json === '' ? {} : parseNumbers(json));
  if (problems.length === 0) return parameters;
  throw errors.PARAMETERS_INVALID(problems.map(({ name, problem }) => `"${name}" ${problem}`).join('; '), {
    fieldViolations: problems.map(({ name, problem }) => violation(`spec.parameters_json.${name}`, problem)),
  });
}

function parseNumbers(json: string): Record<string, number> {
  const value = parseJson(json);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw errors.PARAMETERS_INVALID('parameters_json is not an object');
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, typeof each === 'number' ? each : Number.NaN]),
  );
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw errors.PARAMETERS_INVALID('parameters_json is not JSON', { cause });
  }
}

/** The 32 bits of a seed that the generator takes. */
export function seed32(seed: bigint): number {
  return Number(BigInt.asUintN(32, seed));
}
