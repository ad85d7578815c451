import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Screen } from '../terminal/screen.ts';

/** One thing that must hold. */
export interface Check {
  readonly what: string;
  readonly held: boolean;
  /** The figure it was judged by. */
  readonly seen: string;
}

export interface StepReport {
  readonly step: string;
  readonly seconds: number;
  readonly figures: Readonly<Record<string, unknown>>;
  readonly checks: readonly Check[];
}

/** Collects the figures and checks of one step and says them as they come. */
export class Step {
  readonly #figures: Record<string, unknown> = {};
  readonly #checks: Check[] = [];
  readonly #name: string;
  readonly #screen: Screen;
  readonly #startedAt = performance.now();

  constructor(name: string, screen: Screen) {
    this.#name = name;
    this.#screen = screen;
  }

  figure(name: string, value: unknown): void {
    this.#figures[name] = value;
  }

  check(what: string, held: boolean, seen: string): void {
    this.#checks.push({ what, held, seen });
    this.#screen.say(`  ${held ? '✓' : '✗'} ${what}: ${seen}`);
  }

  report(): StepReport {
    const seconds = Number(((performance.now() - this.#startedAt) / 1_000).toFixed(1));
    return { step: this.#name, seconds, figures: this.#figures, checks: this.#checks };
  }
}

/** Writes out/journey.json; bigints become decimal text. */
export function writeReport(path: string, report: Readonly<Record<string, unknown>>): void {
  mkdirSync(dirname(path), { recursive: true });
  const text = JSON.stringify(
    report,
    (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    2,
  );
  writeFileSync(path, `${text}\n`);
}
