/** Adds a contract to the list in tools/checks/src/contracts.ts, after the last of Plumbline's own. Idempotent. */
export function registerContract(source: string, contract: string): string {
  const line = `  plumbline('${contract}'),\n`;
  if (source.includes(line)) return source;
  const own = [...source.matchAll(/^ {2}plumbline\('[a-z]+'\),\n/gm)].at(-1);
  if (!own) throw new Error('tools/checks/src/contracts.ts no longer lists contracts by plumbline(…)');
  const end = own.index + own[0].length;
  return source.slice(0, end) + line + source.slice(end);
}
