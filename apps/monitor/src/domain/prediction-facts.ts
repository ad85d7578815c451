/** What a recorded prediction tells monitoring. */
export interface PredictionFacts {
  /** UUID, lower case. */
  readonly predictionId: string;
  readonly model: string;
  readonly digest: string;
  readonly route: string;
  /** The arm that answered, e.g. "champion". */
  readonly variant: string;
  /** Whether it was mirrored, and seen by no caller. */
  readonly shadow: boolean;
  /** The instant that it stands for: its event time. */
  readonly asOfUs: bigint;
  readonly committedAtUs: bigint;
  readonly score: number;
  /** For mirrored ones: what the caller got. */
  readonly championScore: number | undefined;
  /** Whose label counts for it: its own id, or for mirrored ones that of the prediction which was mirrored. */
  readonly labelId: string;
  /** Numeric features by name; text has no histogram and is left out. */
  readonly features: ReadonlyMap<string, number | null>;
}
