/** What monitoring has taken in, for reconciliation with audit. */
export interface Counts {
  /** Answered predictions; each id once. */
  readonly predictions: bigint;
  readonly shadows: bigint;
  /** Labels of answered predictions. */
  readonly labelsJoined: bigint;
  /**
   * Labels without an answered prediction, those given for mirrored ones among them; of the whole tenant, since a label
   * names no model.
   */
  readonly labelsWaiting: bigint;
  /** Newest believed event time, µs; 0 without predictions. */
  readonly watermarkUs: bigint;
}

export interface CountStore {
  /** Of one model, or of all when undefined. */
  count(tenant: string, model: string | undefined): Promise<Counts>;
}
