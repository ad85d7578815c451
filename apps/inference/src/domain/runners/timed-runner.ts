import type { Device } from './devices.ts';
import { RunTimedOut, type Batch, type BatchResult, type Runner } from './runner.ts';
import type { ModelSignature } from '../signature.ts';
import type { Alarm } from '../within.ts';

/**
 * A runner whose runs must come back in time. The time of a run begins when it is handed over, or when the run before
 * it ends. A run that is late rejects with RunTimedOut, those behind it with RunnerLost: the runner is abandoned.
 */
export class TimedRunner implements Runner {
  readonly #runner: Runner;
  readonly #limitMs: number;
  readonly #alarm: Alarm;
  #underWay = 0;
  #cancel: () => void = () => undefined;
  #abandoned = false;
  #late: RunTimedOut | undefined;

  constructor(runner: Runner, limitMs: number, alarm: Alarm) {
    this.#runner = runner;
    this.#limitMs = limitMs;
    this.#alarm = alarm;
  }

  get signature(): ModelSignature {
    return this.#runner.signature;
  }

  get device(): Device {
    return this.#runner.device;
  }

  get memoryBytes(): number {
    return this.#runner.memoryBytes;
  }

  async run(batch: Batch): Promise<BatchResult> {
    if (this.#underWay++ === 0) this.#arm();
    try {
      return await this.#runner.run(batch);
    } catch (error) {
      const late = this.#late;
      this.#late = undefined;
      throw late ?? error;
    } finally {
      this.#cancel();
      if (--this.#underWay > 0) this.#arm();
    }
  }

  abandon(): void {
    this.#abandoned = true;
    this.#runner.abandon();
  }

  close(): Promise<void> {
    return this.#runner.close();
  }

  #arm(): void {
    if (this.#abandoned) return;
    this.#cancel = this.#alarm(this.#limitMs, () => {
      this.#late = new RunTimedOut(`the run took longer than ${this.#limitMs} ms`);
      this.abandon();
    });
  }
}
