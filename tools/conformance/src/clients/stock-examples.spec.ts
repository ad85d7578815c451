import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { STOCK_EXAMPLES } from './stock-examples.ts';

const CLIENTS = join(import.meta.dirname, '../../clients');

/** Checks that a script registers, those that it shares included: `<topic>.<name>`. */
function checksOf(topic: string): string[] {
  const files = [`${topic}_client.py`, 'suite.py'];
  const text = files.map((file) => readFileSync(join(CLIENTS, file), 'utf8')).join('\n');
  return [...text.matchAll(/@check\("([^"]+)"/g)].map(([, name]) => `${topic}.${name}`);
}

describe('the list of stock examples', () => {
  it('has each script once, in the order of their names', () => {
    const scripts = STOCK_EXAMPLES.map(({ script }) => script);
    expect(scripts).toEqual([...new Set(scripts)].sort());
  });

  it.each(STOCK_EXAMPLES)('says how $script is run, or why it is not', ({ ways, unfit }) => {
    if (ways.length === 0) expect(unfit).toBeDefined();
    expect(new Set(ways.map(({ name }) => name)).size).toBe(ways.length);
  });

  it('names checks that there are, and none but what is not offered lacks one', () => {
    const known = new Set([...checksOf('grpc'), ...checksOf('http')]);
    const named = STOCK_EXAMPLES.flatMap(({ checks }) => checks);
    expect(named.filter((check) => !known.has(check))).toEqual([]);
    const uncovered = STOCK_EXAMPLES.filter(({ checks }) => checks.length === 0);
    for (const { unfit } of uncovered) expect(unfit?.reason).toMatch(/which this service does not offer$/);
  });

  it('is the one that the documentation has', () => {
    const readme = readFileSync(join(CLIENTS, '../README.md'), 'utf8');
    const lines = new Set(readme.split('\n').map((line) => line.replaceAll(/ +/g, ' ')));
    for (const { script, checks, unfit } of STOCK_EXAMPLES) {
      const named = checks.map((check) => `\`${check}\``).join(', ') || '–';
      expect(lines).toContain(`| \`${script}\` | ${named} | ${unfit?.reason ?? 'passes'} |`);
    }
  });
});
