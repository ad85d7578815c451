import { readFileSync } from 'node:fs';
import type { Outcome } from './plain-grpc.ts';

const ERRORS_PAGE = new URL('../../../../docs/errors.md', import.meta.url);
const ROW = /^\| `([A-Z][A-Z0-9_]*)` +\| ([A-Z_]+)/gm;

/** What an outcome says, in the form of the documentation: "CODE/REASON". */
export const verdict = ({ code, reason }: Outcome): string => (code === 'OK' ? 'OK' : `${code}/${reason}`);

/** The verdicts that the documentation lists. */
export const DOCUMENTED: ReadonlySet<string> = new Set(
  [...readFileSync(ERRORS_PAGE, 'utf8').matchAll(ROW)].map(([, reason, code]) => `${code}/${reason}`),
);
