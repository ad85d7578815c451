import { readParameters, type ParameterValue } from '@plumbline/tensors';
import { asMalformed, refuseField } from './refuse-field.ts';

/** What the parameters of a request ask for. */
export interface RequestParameters {
  /** Counted from 1, the first to go; 0: the model's default. */
  readonly priority: number;
  /** Longest wait in the queue; 0: as the model's policy says. */
  readonly timeoutUs: number;
  /** Parameters without a meaning to this server, which no model of ours reads. */
  readonly others: ReadonlyMap<string, ParameterValue>;
}

const NOTHING: RequestParameters = { priority: 0, timeoutUs: 0, others: new Map() };

/** Reserved, and without effect on gRPC: they speak of HTTP bodies and headers, or of what is the case anyway. */
const WITHOUT_EFFECT = new Set([
  'binary_data_output',
  'headers',
  'sequence_start',
  'sequence_end',
  'triton_enable_empty_final_response',
]);

/**
 * Reads the parameters that Triton reserves; others are kept apart, whatever they hold.
 * @param entries map entries as the parser returns them.
 * @throws ServiceError MALFORMED_REQUEST, PARAMETER_INVALID or SEQUENCES_UNSUPPORTED, naming the parameter.
 */
export function readRequestParameters(entries: readonly Uint8Array[]): RequestParameters {
  if (entries.length === 0) return NOTHING;
  const given = parametersOf(entries);
  refuseSequence(given.get('sequence_id'));
  const others = new Map<string, ParameterValue>();
  for (const [name, value] of given) {
    if (name === 'priority' || name === 'timeout' || name === 'sequence_id') continue;
    if (WITHOUT_EFFECT.has(name)) continue;
    if (name.startsWith('triton_')) throw invalid(name, 'names that begin with triton_ are reserved');
    others.set(name, value);
  }
  return { priority: whole(given, 'priority'), timeoutUs: whole(given, 'timeout'), others };
}

function parametersOf(entries: readonly Uint8Array[]): ReadonlyMap<string, ParameterValue> {
  try {
    return readParameters(entries);
  } catch (error) {
    throw asMalformed(error);
  }
}

/** 0 and the empty text stand for no sequence. */
function refuseSequence(id: ParameterValue | undefined): void {
  if (id === undefined || id === 0n || id === '') return;
  if (typeof id !== 'bigint' && typeof id !== 'string') {
    throw invalid('sequence_id', 'it takes a whole number or a text');
  }
  const problem = 'requests cannot be parts of a sequence: models keep no state';
  throw refuseField('SEQUENCES_UNSUPPORTED', 'parameters[sequence_id]', problem);
}

function whole(given: ReadonlyMap<string, ParameterValue>, name: string): number {
  const value = given.get(name) ?? 0n;
  if (typeof value === 'bigint' && value >= 0n) return Number(value);
  throw invalid(name, 'it takes a whole number that is not negative');
}

function invalid(name: string, problem: string) {
  return refuseField('PARAMETER_INVALID', `parameters[${name}]`, `the parameter "${name}": ${problem}`);
}
