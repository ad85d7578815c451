import { setImmediate as nextTurn } from 'node:timers/promises';
import { largestDifference, sameBits } from './differences.ts';
import { probe, type ProbeInputs } from '../runners/probe.ts';
import { RowStarts } from '../row-starts.ts';
import type { BatchOutput, Runner } from '../runners/runner.ts';
import type { ModelSignature } from '../signature.ts';
import { joinRows } from './test-rows.ts';

/** Rows that are compared in one turn of the loop. */
const ROWS_A_TURN = 16;

/** One row of every output, in the order of the signature. */
export type Answer = readonly BatchOutput[];

/** Each row's answer in a batch of copies of itself. */
export async function answersAmong(
  runner: Runner,
  rows: readonly ProbeInputs[],
  copies: number,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const row of rows) {
    const outputs = await probe(runner, await joinRows(Array.from({ length: copies }, () => row)));
    answers.push(outputs.map((output, index) => rowOf(runner.signature, output, index, copies, 0) ?? output));
  }
  return answers;
}

/**
 * The largest difference between a row's answer among others and the one expected: other bits are never 0 apart, and
 * answers that have not the rows that were sent are infinitely far.
 * @param expected of each row, alone.
 * @param sizes of the batches, in each of which rows stand elsewhere.
 */
export async function differenceIn(
  runner: Runner,
  rows: readonly ProbeInputs[],
  expected: readonly Answer[],
  sizes: readonly number[],
): Promise<number> {
  let largest = 0;
  for (const [round, size] of sizes.entries()) {
    const members = Array.from({ length: size }, (_, at) => (at + round * 5) % rows.length);
    const together = await probe(
      runner,
      await joinRows(members.map((member) => rows[member] as ProbeInputs)),
    );
    for (const [at, member] of members.entries()) {
      if (at % ROWS_A_TURN === 0) await nextTurn();
      const found = together.map((output, index) => rowOf(runner.signature, output, index, size, at));
      largest = Math.max(largest, rowDifference(runner.signature, expected[member] ?? [], found));
    }
  }
  return largest;
}

/** One row of an output; undefined where the output has not the rows that were sent. */
function rowOf(
  { outputs }: ModelSignature,
  { shape, raw }: BatchOutput,
  index: number,
  rows: number,
  at: number,
): BatchOutput | undefined {
  const starts =
    shape[0] === rows ? RowStarts.of(outputs[index]?.datatype ?? 'UINT8', shape, raw) : undefined;
  return starts && { shape: [1, ...shape.slice(1)], raw: raw.subarray(starts.at(at), starts.at(at + 1)) };
}

function rowDifference(
  { outputs }: ModelSignature,
  expected: Answer,
  found: readonly (BatchOutput | undefined)[],
): number {
  return outputs.reduce((largest, { datatype }, index) => {
    const [one, other] = [expected[index], found[index]];
    if (one?.shape[0] !== 1 || other === undefined) return Infinity;
    // Zeros of either sign differ by 0 but not in bits: still not the same answer.
    return sameBits(other.raw, one.raw)
      ? largest
      : Math.max(largest, largestDifference(datatype, other.raw, one.raw), Number.MIN_VALUE);
  }, 0);
}

/** Whether any two rows are answered differently. */
export function tellApart(answers: readonly Answer[]): boolean {
  return answers.some((answer) =>
    answer.some(({ raw }, index) => !sameBits(raw, answers[0]?.[index]?.raw ?? raw)),
  );
}
