import { readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';

/** Why a case cannot pass, in a form that can be checked against the model and against onnxruntime-node alone. */
export const CLAIMS = [
  'not-a-tensor',
  'bfloat16',
  'engine-cannot-open',
  'engine-cannot-run',
  'engine-differs',
] as const;
export type Claim = (typeof CLAIMS)[number];

/** Cases that are expected not to pass. */
export interface SkipEntry {
  /** Glob over the names of cases. */
  readonly pattern: string;
  readonly claim: Claim;
  readonly reason: string;
  /** Whether some run or some machine may pass it. Else an entry whose case passes is stale. */
  readonly mayPass?: boolean;
}

const FILE = join(import.meta.dirname, '../../onnx-skips.json');

export function readSkipList(): readonly SkipEntry[] {
  return JSON.parse(readFileSync(FILE, 'utf8')) as SkipEntry[];
}

/** The first entry for a case. */
export function skipOf(entries: readonly SkipEntry[], name: string): SkipEntry | undefined {
  return entries.find(({ pattern }) => matchesGlob(name, pattern));
}

/** Entries that no case matches. */
export function unusedEntries(entries: readonly SkipEntry[], names: readonly string[]): readonly SkipEntry[] {
  return entries.filter((entry) => !names.some((name) => skipOf(entries, name) === entry));
}
