import { checkTensor, formatShape, shapeFits, TensorError, type RawTensor } from '@plumbline/tensors';
import { largestDifference, sameBits } from './differences.ts';
import { errors } from '../errors.ts';
import { probe, type ProbeInputs } from '../runners/probe.ts';
import { RunFailed, type BatchOutput, type Runner } from '../runners/runner.ts';
import type { ModelSignature } from '../signature.ts';

/** Inputs with the outputs that a version must give. */
export interface GoldenCase {
  readonly inputs: readonly RawTensor[];
  readonly outputs: readonly RawTensor[];
}

export interface GoldenSet {
  readonly cases: readonly GoldenCase[];
  /** Greatest accepted absolute difference; 0: bit for bit. */
  readonly absoluteTolerance: number;
}

/**
 * Runs every case and compares every expected output.
 * @param rowed whether the leading dimension of every tensor counts rows.
 * @throws ServiceError GOLDEN_MISMATCH naming the case and the tensor.
 */
export async function checkGolden(runner: Runner, golden: GoldenSet, rowed: boolean): Promise<void> {
  for (const [index, { inputs, outputs }] of golden.cases.entries()) {
    const ordered = goldenInputs(runner.signature, inputs, rowed, index);
    const found = await runCase(runner, ordered, rowed, index);
    for (const expected of outputs)
      compare(runner.signature, found, expected, golden.absoluteTolerance, index);
  }
}

async function runCase(
  runner: Runner,
  inputs: ProbeInputs,
  rowed: boolean,
  caseIndex: number,
): Promise<readonly BatchOutput[]> {
  try {
    return await probe(runner, inputs, rowed);
  } catch (error) {
    throw error instanceof RunFailed ? mismatch(caseIndex, `cannot be run: ${error.message}`, error) : error;
  }
}

/** The inputs of a case in the order of the signature. */
export function goldenInputs(
  signature: ModelSignature,
  inputs: readonly RawTensor[],
  rowed: boolean,
  caseIndex: number,
): ProbeInputs {
  const ordered = signature.inputs.map((spec) => {
    const tensor = inputs.find(({ name }) => name === spec.name);
    if (tensor === undefined) throw mismatch(caseIndex, `has no input "${spec.name}"`);
    if (tensor.datatype !== spec.datatype || !shapeFits(spec.shape, tensor.shape)) {
      throw mismatch(caseIndex, `gives "${spec.name}" as ${tensor.datatype}${formatShape(tensor.shape)}`);
    }
    checkElements(tensor, caseIndex);
    return tensor;
  });
  if (rowed) checkRows(ordered, caseIndex);
  return { shapes: ordered.map(({ shape }) => shape), raw: ordered.map(({ raw }) => raw) };
}

function checkRows(inputs: readonly RawTensor[], caseIndex: number): void {
  const [first] = inputs;
  const other = inputs.find(({ shape }) => shape[0] !== first?.shape[0]);
  if (first === undefined || other === undefined) return;
  throw mismatch(
    caseIndex,
    `gives ${first.shape[0]} rows of "${first.name}" and ${other.shape[0]} of "${other.name}"`,
  );
}

function checkElements(tensor: RawTensor, caseIndex: number): void {
  try {
    checkTensor(tensor, tensor.name);
  } catch (error) {
    throw error instanceof TensorError ? mismatch(caseIndex, error.message) : error;
  }
}

function compare(
  signature: ModelSignature,
  found: readonly BatchOutput[],
  expected: RawTensor,
  tolerance: number,
  caseIndex: number,
): void {
  const at = signature.outputs.findIndex(({ name }) => name === expected.name);
  const output = found[at];
  const spec = signature.outputs[at];
  if (output === undefined || spec === undefined || spec.datatype !== expected.datatype) {
    throw mismatch(caseIndex, `expects an output ${expected.name} of ${expected.datatype}`);
  }
  const sameShape = shapeFits(expected.shape, output.shape);
  if (sameShape && sameBits(output.raw, expected.raw)) return;
  const difference = sameShape ? largestDifference(spec.datatype, output.raw, expected.raw) : Infinity;
  if (tolerance === 0 || difference > tolerance) {
    throw mismatch(caseIndex, `differs in "${expected.name}" by ${difference}, accepted ${tolerance}`);
  }
}

function mismatch(caseIndex: number, problem: string, cause?: Error): Error {
  return errors.GOLDEN_MISMATCH(`golden case ${caseIndex} ${problem}`, { cause });
}
