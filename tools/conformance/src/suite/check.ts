import type { Target } from '../target/target.ts';

/** One thing that the protocol promises. */
export interface Check {
  /** What holds where the check passes, as a sentence without a full stop. */
  readonly title: string;
  /** Models of the suite that it calls. */
  readonly models?: readonly string[];
  /** The extension in ServerMetadata that offers it; absent: every server of the protocol has to. */
  readonly extension?: string;
  /** Whether a server may do without it although no extension tells: UNIMPLEMENTED then means that it is not offered. */
  readonly optional?: boolean;
  /** @throws Failure, Skipped, or what the call threw. */
  run(target: Target): Promise<void>;
}

/** Checks of one topic by name, in the order they are made. */
export type Checks = Readonly<Record<string, Check>>;

/** Checks of one part of the protocol: topics in the order they are made. */
export interface CheckGroup {
  readonly name: string;
  readonly topics: Readonly<Record<string, Checks>>;
}
