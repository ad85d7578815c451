import type { Gate, GateRecord, GateVerdict, ReleaseKind } from '@plumbline/release';

/** One row of the release ledger. */
export interface Release {
  /** Ascending over the deployment. */
  readonly sequence: bigint;
  readonly model: string;
  readonly alias: string;
  readonly digest: string;
  /** Undefined: the alias pointed at nothing. */
  readonly previousDigest: string | undefined;
  readonly kind: ReleaseKind;
  readonly actor: string;
  readonly reason: string;
  readonly decisionIds: readonly string[];
  readonly atUs: bigint;
}

export type NewRelease = Omit<Release, 'sequence'> & {
  /** 1, 2, … within the alias: taken twice it conflicts, so exactly one of two racing moves wins. */
  readonly position: number;
};

export interface Releases {
  /** The alias's rows, oldest first. */
  ledger(model: string, alias: string): Promise<Release[]>;
  /** Alias → its rows, oldest first. */
  ledgers(model: string): Promise<Map<string, Release[]>>;
  /** Newest first: rows with a sequence below `before`, no newer than `atUs`. Undefined: without that bound. */
  list(model: string, filter: ReleaseFilter): Promise<Release[]>;
  append(release: NewRelease): Promise<Release>;
}

export interface ReleaseFilter {
  readonly alias: string | undefined;
  readonly atUs: bigint | undefined;
  readonly before: bigint | undefined;
  readonly limit: number;
}

/** A judged gate, kept for good. */
export interface RecordedGate extends GateRecord {
  readonly model: string;
  readonly gate: Gate;
  readonly reasons: readonly string[];
  readonly evidenceIds: readonly string[];
  readonly verdict: GateVerdict;
  readonly actor: string;
  readonly atUs: bigint;
}

export interface GateRecords {
  /** Those of `ids` that are about the model. */
  byIds(model: string, ids: readonly string[]): Promise<RecordedGate[]>;
  append(record: RecordedGate): Promise<void>;
}

/** What an alias points at. */
export const headOf = (ledger: readonly Release[]): string | undefined => ledger.at(-1)?.digest;
