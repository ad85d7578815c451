import { total } from '../histogram/cells.ts';
import { MAX_EDGES } from '../histogram/edges.ts';
import { groupCount, groupCounts } from '../histogram/groups.ts';
import { PSI_RULE } from '../drift/psi.ts';
import { cellsOf, type ColumnProfile, type Profile } from './profile.ts';

/** Columns of a profile, its score included. */
export const MAX_COLUMNS = 512;
/** Step counts of all columns of a profile together: two years of hours of a dozen columns in ten groups. */
export const MAX_STEP_COUNTS = 2_500_000;
/** The longest block: a leap year. */
export const MAX_BLOCK_US: bigint = 366n * 86_400_000_000n;

/** One line of at most 255 characters that can be seen, without spaces around it. */
const NAME = /^(?! )[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,255}(?<! )$/u;
/** No two samples of countable sizes differ by more. */
const MAX_PSI = 200;

/**
 * Passes a profile that windows can be counted and judged by, however it came about: every one that buildProfile
 * makes within the bounds above. Throws a RangeError that names the first fault of any other.
 */
export function checkProfile(profile: Profile): void {
  const columns = [...profile.features, profile.score];
  const counted = columns.reduce((sum, { stepCounts }) => sum + stepCounts.length, 0);
  insist(columns.length <= MAX_COLUMNS, `it has ${columns.length} columns, at most ${MAX_COLUMNS} are taken`);
  insist(counted <= MAX_STEP_COUNTS, `it has ${counted} step counts, at most ${MAX_STEP_COUNTS} are taken`);
  insist(
    profile.psiRule === PSI_RULE,
    `its PSI rule is ${JSON.stringify(profile.psiRule)}, not "${PSI_RULE}"`,
  );
  const steps = stepsOf(profile);
  const names = new Set<string>();
  columns.forEach((column, i) => {
    const place = `column ${i}`;
    checkNames(column, place);
    insist(!names.has(column.name), `${place} is named "${column.name}" like an earlier one`);
    names.add(column.name);
    checkEdges(column.edges, place);
    checkCounts(column, place);
    checkGroups(column, place);
    checkSteps(column, steps, place);
    checkBlocks(column.blockPsi, steps, place);
  });
}

function insist(holds: boolean, fault: string): void {
  if (!holds) throw new RangeError(fault);
}

/** Steps from the first instant to the last. */
function stepsOf({ fromUs, toUs, blockUs, stepUs }: Profile): number {
  insist(stepUs > 0n && blockUs >= stepUs && blockUs % stepUs === 0n, 'its block is no run of steps');
  insist(blockUs <= MAX_BLOCK_US, 'its block is longer than a year');
  insist(fromUs < toUs, 'it spans no instant');
  return Number((toUs - 1n) / stepUs - fromUs / stepUs) + 1;
}

function checkNames({ name, input, source }: ColumnProfile, place: string): void {
  insist(NAME.test(name), `the name of ${place} is not 1 to 255 printable characters`);
  for (const text of [input, source]) {
    insist(
      text === '' || NAME.test(text),
      `input or source of ${place} is not up to 255 printable characters`,
    );
  }
}

/** Below the smallest float32 there is only −∞, which then is the first edge. */
function checkEdges(edges: readonly number[], place: string): void {
  insist(edges.length <= MAX_EDGES, `${place} has ${edges.length} edges, at most ${MAX_EDGES} are taken`);
  const ascending = edges.every((edge, i) => edge < Infinity && (i === 0 || edge > (edges[i - 1] ?? NaN)));
  insist(ascending, `the edges of ${place} are not finite and ascending`);
}

function checkCounts(column: ColumnProfile, place: string): void {
  const { counts, edges, n } = column;
  insist(
    counts.length === edges.length + 1,
    `${place} has ${counts.length} counts for ${edges.length} edges`,
  );
  const cells = cellsOf(column);
  insist(cells.every(isCount) && isCount(Number(n)), `a count of ${place} is negative or too large`);
  insist(total(cells) === Number(n), `the counts of ${place} do not add up to ${n}`);
}

function checkGroups(column: ColumnProfile, place: string): void {
  const { groupEnds: ends, counts, edges } = column;
  const last = ends.at(-1);
  const first = last === counts.length ? 0 : 1;
  const rising = ends.every(
    (end, i) => Number.isInteger(end) && end > (i === 0 ? first : (ends[i - 1] ?? NaN)),
  );
  const whole =
    edges.length === 0 ? last === undefined : last === counts.length || last === counts.length - 1;
  insist(rising && whole, `the groups of ${place} do not divide its bins`);
}

function checkSteps(column: ColumnProfile, steps: number, place: string): void {
  const { stepCounts, groupEnds } = column;
  const width = groupCount(groupEnds);
  insist(
    stepCounts.length === width * steps,
    `${place} has ${stepCounts.length} step counts, not ${width} for each of ${steps} steps`,
  );
  insist(stepCounts.every(isCount), `a step count of ${place} is negative or too large`);
  const sums = new Array<number>(width).fill(0);
  stepCounts.forEach((count, i) => (sums[i % width] = (sums[i % width] ?? 0) + count));
  const whole = groupCounts(cellsOf(column), groupEnds);
  insist(
    whole.every((count, group) => count === sums[group]),
    `the steps of ${place} do not add up to its counts`,
  );
}

function checkBlocks(blockPsi: readonly number[], steps: number, place: string): void {
  insist(blockPsi.length <= steps, `${place} has ${blockPsi.length} blocks in ${steps} steps`);
  const ascending = blockPsi.every((psi, i) => psi >= (blockPsi[i - 1] ?? 0) && psi <= MAX_PSI);
  insist(ascending, `the PSI of blocks of ${place} are not ascending between 0 and ${MAX_PSI}`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
