// Makes and drops what sockets read into, 4 GiB in all, and says how often V8 collected all generations meanwhile.
import { PerformanceObserver, constants, type PerformanceEntry } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { countExternalMemory } from '../src/collections.ts';

const READ_BYTES = 65_536;
const READS = 65_536;
const READS_A_TURN = 256;

if (process.argv[2] === 'counted') countExternalMemory();
let full = 0;
const observer = new PerformanceObserver((list) => {
  full += list.getEntries().filter(isFull).length;
});
observer.observe({ entryTypes: ['gc'] });
for (let read = 0; read < READS; read++) {
  new Uint8Array(READ_BYTES);
  if (read % READS_A_TURN === 0) await setImmediate();
}
await setImmediate();
const { maxRSS } = process.resourceUsage();
process.stdout.write(JSON.stringify({ full, peakMib: Math.round(maxRSS / 1_024) }));

/** Node gives entries of this type a detail, of which their declared type knows nothing. */
function isFull(entry: PerformanceEntry): boolean {
  return (
    (entry as PerformanceEntry & { detail: { kind: number } }).detail.kind ===
    constants.NODE_PERFORMANCE_GC_MAJOR
  );
}
