import { readdirSync, readFileSync } from 'node:fs';

/** Samples the proportional set size of this process and all its descendants and keeps the peak. */
export class MemoryPeak {
  readonly #timer: NodeJS.Timeout;
  readonly #roots: () => readonly number[];
  #peakBytes = 0;
  #peakBy: Record<string, number> = {};

  /** `roots`: processes that are not descendants of this one but belong to it, e.g. servers in sessions of their own. */
  constructor(roots: () => readonly number[], everyMs = 2_000) {
    this.#roots = roots;
    this.#timer = setInterval(() => this.sample(), everyMs);
    this.#timer.unref();
  }

  /** 0 where the system does not tell (no /proc). */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** What each program used at the peak, bytes. */
  get peakByProgram(): Readonly<Record<string, number>> {
    return this.#peakBy;
  }

  sample(): void {
    const by: Record<string, number> = {};
    let total = 0;
    for (const pid of family([process.pid, ...this.#roots()])) {
      const bytes = pssBytes(pid);
      total += bytes;
      const name = programName(pid);
      by[name] = (by[name] ?? 0) + bytes;
    }
    if (total <= this.#peakBytes) return;
    this.#peakBytes = total;
    this.#peakBy = by;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** Proportional set size of processes and all their descendants, bytes; 0 where the system does not tell. */
export function familyBytes(roots: readonly number[]): number {
  return [...family(roots)].reduce((total, pid) => total + pssBytes(pid), 0);
}

function family(roots: readonly number[]): Set<number> {
  const parents = new Map(processes().map((pid) => [pid, parentOf(pid)]));
  const members = new Set(roots);
  for (let grown = true; grown;) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (members.has(pid) || !members.has(parent)) continue;
      members.add(pid);
      grown = true;
    }
  }
  return members;
}

const processes = (): number[] =>
  readText('/proc/self/stat') === ''
    ? []
    : readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number);

const parentOf = (pid: number): number =>
  Number(/^PPid:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0);

const pssBytes = (pid: number): number =>
  1_024 * Number(/^Pss:\s+(\d+) kB/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);

function programName(pid: number): string {
  const [command = '', ...rest] = readText(`/proc/${pid}/cmdline`).split('\0');
  const script = rest.find((part) => part.endsWith('.ts') || part.endsWith('.js'));
  return (
    /apps\/([^/]+)\//.exec(script ?? '')?.[1] ??
    script?.split('/').at(-1) ??
    command.split('/').at(-1)?.split(':')[0] ??
    ''
  );
}

/** Empty where the file is not there: the process has ended meanwhile, or there is no /proc. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
