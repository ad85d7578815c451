/** On whose behalf and when an operation runs. */
export interface Call {
  readonly tenant: string;
  /** Who asks, `kind:id`, for the ledger and for decisions. */
  readonly actor: string;
  readonly nowUs: bigint;
}
