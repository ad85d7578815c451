import { readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ProcessLink } from './process-link.ts';

function openExchanges(): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return links.filter((target) => target.includes('/plumbline-')).length;
}

describe('ProcessLink', () => {
  it('keeps no exchange open for a process that could not be spawned', () => {
    const before = openExchanges();
    // A path with a zero byte is refused by spawn itself.
    const entry = new URL('file:///entry%00.ts');
    expect(() => new ProcessLink({ entry, heapMiB: 64, memoryMiB: 512, niceness: 0 })).toThrow('null bytes');
    expect(openExchanges()).toBe(before);
  });
});
