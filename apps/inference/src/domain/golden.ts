import { checkTensor, formatShape, shapeFits, TensorError, type RawTensor } from '@plumbline/tensors';
import { largestDifference, sameBits } from './differences.ts';
import { errors } from './errors.ts';
import { probe, type ProbeInputs } from './probe.ts';
import type { BatchOutput, Runner } from './runner.ts';
import type { ModelSignature } from './signature.ts';

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
 * @throws ServiceError GOLDEN_MISMATCH naming the case and the tensor.
 */
export async function checkGolden(runner: Runner, golden: GoldenSet): Promise<void> {
  for (const [index, { inputs, outputs }] of golden.cases.entries()) {
    const found = await probe(runner, goldenInputs(runner.signature, inputs, index));
    for (const expected of outputs)
      compare(runner.signature, found, expected, golden.absoluteTolerance, index);
  }
}

/** The inputs of a case in the order of the signature. */
export function goldenInputs(
  signature: ModelSignature,
  inputs: readonly RawTensor[],
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
  return { shapes: ordered.map(({ shape }) => shape), raw: ordered.map(({ raw }) => raw) };
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

function mismatch(caseIndex: number, problem: string): Error {
  return errors.GOLDEN_MISMATCH(`golden case ${caseIndex} ${problem}`);
}
