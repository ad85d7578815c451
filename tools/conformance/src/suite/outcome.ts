/** What became of a check. `not offered`: the server does not claim the extension, and it does not work. */
export type Outcome = 'pass' | 'fail' | 'not offered' | 'skipped';

export interface CheckResult {
  readonly id: string;
  readonly group: string;
  readonly title: string;
  readonly outcome: Outcome;
  /** Why it did not pass; empty where it did. */
  readonly reason: string;
  readonly durationMs: number;
}

/** The server did something else than the protocol says; the message is the finding. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** The check cannot be made here, for the reason in the message. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

/** The one result of a group that cannot be judged. */
export function skippedGroup(group: string, title: string, reason: string): CheckResult {
  return { id: group, group, title, outcome: 'skipped', reason, durationMs: 0 };
}
