/** A line of progress that is drawn over and over on a terminal, or said at every tenth where there is none. */
export interface Progress {
  /** Share done in [0, 1]; `detail` is shown behind the bar. */
  update(share: number, detail?: string): void;
  done(detail: string): void;
}

const WIDTH = 24;
const REDRAW_MS = 80;

/** Writes plain words and progress bars for a person who watches. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #open = false;

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
  }

  say(line = ''): void {
    this.#finishLine();
    this.#out.write(`${line}\n`);
  }

  progress(label: string): Progress {
    return this.#out.isTTY ? this.#drawn(label) : this.#told(label);
  }

  #drawn(label: string): Progress {
    let drawnAt = 0;
    const draw = (share: number, detail: string) => {
      const filled = Math.round(WIDTH * Math.min(1, Math.max(0, share)));
      const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
      this.#out.write(
        `\r\u001b[2K  ${label.padEnd(26)} ${bar} ${detail}`.slice(0, (this.#out.columns || 120) + 8),
      );
      this.#open = true;
    };
    return {
      update: (share, detail = '') => {
        if (performance.now() - drawnAt < REDRAW_MS) return;
        drawnAt = performance.now();
        draw(share, detail);
      },
      done: (detail) => {
        draw(1, detail);
        this.#finishLine();
      },
    };
  }

  #told(label: string): Progress {
    let tenth = 0;
    return {
      update: (share, detail = '') => {
        if (Math.floor(share * 10) <= tenth) return;
        tenth = Math.floor(share * 10);
        this.say(`  ${label}: ${tenth * 10} % ${detail}`);
      },
      done: (detail) => this.say(`  ${label}: done. ${detail}`),
    };
  }

  #finishLine(): void {
    if (this.#open) this.#out.write('\n');
    this.#open = false;
  }
}
