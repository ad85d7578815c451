/** Why a row is quarantined; the closed list that `ListQuarantine` and the docs speak of. */
export type FaultReason =
  | 'VALUE_REQUIRED'
  | 'WRONG_TYPE'
  | 'VALUE_NOT_FINITE'
  | 'VALUE_OUT_OF_RANGE'
  | 'VALUE_NOT_IN_DOMAIN'
  | 'PATTERN_MISMATCH'
  | 'TEXT_TOO_LONG'
  | 'KEY_TOO_LONG'
  | 'EVENT_TIME_INVALID'
  | 'KNOWN_AT_INVALID'
  | 'EXPRESSION_FAILED'
  | 'ENTITY_KEY_CHANGED';

/** The verdict QUARANTINE: what is wrong with a row, and for people where. */
export class Fault {
  readonly reason: FaultReason;
  /** Names the column and what was expected; never a value. */
  readonly detail: string;

  constructor(reason: FaultReason, detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}
