import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { CheckResult, Outcome } from '../suite/outcome.ts';

const SCRIPTS = join(import.meta.dirname, '../../clients');
const TIMEOUT_MS = 180_000;

interface ScriptLine {
  readonly name: string;
  readonly title: string;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly durationMs: number;
}

/** Runs a script of clients/ against `addresses`: one result per check it makes, and one more where it ends badly. */
export async function runScript(
  python: string,
  script: string,
  addresses: readonly string[],
  report: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const topic = script.replace(/_client\.py$/, '');
  const child = spawn(python, [join(SCRIPTS, script), ...addresses], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
  const results: CheckResult[] = [];
  const take = (line: ScriptLine): void => {
    const { name, ...rest } = line;
    const result = { id: `clients.${topic}.${name}`, group: 'clients', ...rest };
    results.push(result);
    report(result);
  };
  for await (const line of createInterface({ input: child.stdout })) take(JSON.parse(line) as ScriptLine);
  const status = await ended;
  if (status !== 0) take(crashed(script, status, complaint));
  return results;
}

function crashed(script: string, status: number | null, complaint: string): ScriptLine {
  const reason = `ended with ${status}: ${complaint.trim().split('\n').at(-1) ?? ''}`;
  return { name: 'script', title: `${script} runs to its end`, outcome: 'fail', reason, durationMs: 0 };
}
