import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Skipped, type CheckResult } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';
import { lastLineOf } from './python-environment.ts';
import { STOCK_EXAMPLES, type StockExample, type Unfit, type Way } from './stock-examples.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;
const PICTURE_SIDE = 32;

export interface ExampleOptions {
  /** Folder of the scripts. */
  readonly folder: string;
  readonly python: string;
  /** For the picture that image clients send. */
  readonly directory: string;
  /** Why image clients cannot run; undefined where they can. */
  readonly noPictures: string | undefined;
  readonly report: (result: CheckResult) => void;
}

type Verdict = Pick<CheckResult, 'outcome' | 'reason'>;

interface Surroundings extends ExampleOptions {
  readonly target: Target;
  readonly picture: string;
}

/**
 * Runs the scripts that belong to tritonclient as they are. Each passes where it ends with 0. One that is listed as unfit
 * for our service is tried all the same: it is skipped with the reason, and where our service passes it, the list is
 * stale and it fails. So does a script that the list does not know.
 * @throws Skipped where the folder has no scripts
 */
export async function runStockExamples(target: Target, options: ExampleOptions): Promise<CheckResult[]> {
  const scripts = scriptsIn(options.folder);
  const picture = join(options.directory, 'picture.ppm');
  writeFileSync(picture, pictureBytes());
  const results: CheckResult[] = [];
  for (const script of scripts) {
    for await (const result of resultsOf(script, { ...options, target, picture })) {
      results.push(result);
      options.report(result);
    }
  }
  return results;
}

/** Those of the folder, by name. */
function scriptsIn(folder: string): string[] {
  const names = namesIn(folder).filter((name) => name.endsWith('.py'));
  if (names.length === 0) throw new Skipped(`${folder} has no scripts of tritonclient`);
  return names.map((name) => name.slice(0, -'.py'.length)).sort();
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new Skipped(`the examples cannot be read: ${(error as Error).message}`);
  }
}

async function* resultsOf(script: string, surroundings: Surroundings): AsyncGenerator<CheckResult> {
  const example = STOCK_EXAMPLES.find((each) => each.script === script);
  const result = (name: string, verdict: Verdict, startedMs: number): CheckResult => ({
    id: `clients.examples.${name}`,
    group: 'clients',
    title: `${script}.py, as it is, ends with 0`,
    ...verdict,
    durationMs: Math.round(performance.now() - startedMs),
  });
  const startedMs = performance.now();
  if (example === undefined) yield result(script, UNKNOWN, startedMs);
  else if (example.ways.length === 0) yield result(script, skipped(example.unfit?.reason), startedMs);
  for (const way of example?.ways ?? []) {
    const wayStartedMs = performance.now();
    const verdict = await judge(example as StockExample, way, surroundings);
    yield result(`${script}.${way.name}`, verdict, wayStartedMs);
  }
}

const UNKNOWN: Verdict = {
  outcome: 'fail',
  reason: 'stock-examples.ts does not say how it is run, or why it is not',
};

const skipped = (reason = ''): Verdict => ({ outcome: 'skipped', reason });

async function judge({ script, unfit }: StockExample, way: Way, around: Surroundings): Promise<Verdict> {
  const { target, picture, noPictures, folder, python } = around;
  if (noPictures !== undefined && way.args.includes('{picture}')) return skipped(noPictures);
  const values = { '{grpc}': target.address, '{http}': target.httpAddress, '{picture}': picture };
  const args = filledIn(way, values);
  if (args === undefined) return skipped('no --http address is given');
  const problem = await problemOf(python, [join(folder, `${script}.py`), ...args]);
  return verdictOf(problem, unfit, target.own);
}

/** What a script said that did not end with 0. */
interface Problem {
  readonly output: string;
  /** The end of it. */
  readonly summary: string;
}

/** @param problem undefined where the script ended with 0 */
export function verdictOf(problem: Problem | undefined, unfit: Unfit | undefined, own: boolean): Verdict {
  if (problem === undefined) {
    if (unfit === undefined || !own) return { outcome: 'pass', reason: '' };
    return { outcome: 'fail', reason: `it passes, though stock-examples.ts says that it ${unfit.reason}` };
  }
  const expected = unfit !== undefined && (!own || unfit.sign.test(problem.output));
  return expected ? skipped(unfit.reason) : { outcome: 'fail', reason: problem.summary };
}

/** The arguments with the values in place; undefined where one of them is not known. */
function filledIn(
  { args }: Way,
  values: Readonly<Record<string, string | undefined>>,
): readonly string[] | undefined {
  const filled = args.map((arg) => (arg in values ? values[arg] : arg));
  return filled.every((arg) => arg !== undefined) ? filled : undefined;
}

async function problemOf(python: string, args: readonly string[]): Promise<Problem | undefined> {
  try {
    await run(python, args, { timeout: TIMEOUT_MS });
    return undefined;
  } catch (error) {
    // Exceptions go to one stream, what a script found wrong to the other.
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const summary = [stdout.trim().split('\n').at(-1), lastLineOf(error as Error)].filter(Boolean).join('; ');
    return { output: stdout + stderr, summary };
  }
}

/** A green picture in the portable pixmap format. */
function pictureBytes(): Buffer {
  const pixels = Buffer.alloc(PICTURE_SIDE * PICTURE_SIDE * 3);
  for (let pixel = 0; pixel < pixels.length; pixel += 3) pixels[pixel + 1] = 200;
  return Buffer.concat([Buffer.from(`P6\n${PICTURE_SIDE} ${PICTURE_SIDE}\n255\n`), pixels]);
}
