import type { Log } from '@plumbline/service';
import type { VarianceNotice } from './domain/loading/batching.ts';
import type { ListedVersion, LoadFailure } from './domain/traffic.ts';
import type { HeldVersionsOptions } from './domain/versions/held-versions.ts';
import type { VersionReport } from './domain/versions/version-reports.ts';
import { describeStart, ownerFields, VersionNames } from './version-names.ts';

type Change = Parameters<HeldVersionsOptions['onChange']>[1];

/** The log lines about versions, each of which is named as its owners call it. */
export class VersionLog {
  readonly #log: Log;
  readonly #reports: () => readonly VersionReport[];
  readonly #names = new VersionNames();

  constructor(log: Log, reports: () => readonly VersionReport[]) {
    this.#log = log;
    this.#reports = reports;
  }

  runnerLost(digest: string, error: unknown): void {
    this.#log.error({ ...this.#nameOf(digest), error }, 'a runner was lost; it is being replaced');
  }

  failedUnexpectedly(digest: string, error: unknown): void {
    this.#log.error({ ...this.#nameOf(digest), error }, 'a load failed unexpectedly');
  }

  varies({ digest, owners }: ListedVersion, { invariance, policy, effect }: VarianceNotice): void {
    // Infinity is no number of JSON.
    const difference = 'largestDifference' in invariance ? String(invariance.largestDifference) : undefined;
    this.#log.warn(
      {
        digest,
        ...ownerFields(owners),
        invariance: { ...invariance, largestDifference: difference },
        policy,
        detail: effect,
      },
      'rows of this model may be answered differently with other rows beside them',
    );
  }

  refused({ digest, owners }: ListedVersion, refusal: string): void {
    this.#log.warn(
      { digest, ...ownerFields(owners), error: refusal },
      'the model refused all inputs that were made up for it; with golden outputs or model_warmup it is tried with others before it serves',
    );
  }

  changed(digest: string, state: Change, failure: LoadFailure | undefined): void {
    const name = this.#nameOf(digest);
    if (failure === undefined) this.#log.info({ ...name, state }, 'a version changed its state');
    else {
      const { reason, detail: error } = failure;
      this.#log.error({ ...name, state, reason, error }, 'a version failed to load');
    }
    if (state === 'GONE') this.#names.forget(digest);
  }

  started(source: string): void {
    this.#log.info({ source }, describeStart(this.#reports(), source));
  }

  #nameOf(digest: string) {
    this.#names.learn(this.#reports().map(({ version }) => version));
    return this.#names.of(digest);
  }
}
