import { readFileSync } from 'node:fs';

const ERRORS_PAGE = new URL('../../../../docs/errors.md', import.meta.url);
const ROW = /^\| `([A-Z][A-Z0-9_]*)` +\| ([A-Z_]+)/gm;

/** "CODE/REASON" of every error that the documentation lists. */
export function documentedReasons(): ReadonlySet<string> {
  const rows = readFileSync(ERRORS_PAGE, 'utf8').matchAll(ROW);
  return new Set([...rows].map(([, reason, code]) => `${code}/${reason}`));
}
