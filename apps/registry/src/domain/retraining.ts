import type { Firing, RetrainingRule } from '@plumbline/release';

/** A training without its end. Expressions are the feature store's. */
export interface TrainingTemplate {
  readonly featureService: string;
  readonly spineSource: string;
  readonly spineInstant: string;
  readonly label: string;
  readonly requestValues: Readonly<Record<string, string>>;
  readonly fitFromUs: bigint;
  /** Held out before the end, for the gate. */
  readonly gateLengthUs: bigint;
  readonly parametersJson: string;
  readonly seed: bigint;
  readonly baselineFeature: string;
}

/** When a model is trained again, and how. */
export interface DeclaredRule extends RetrainingRule {
  readonly model: string;
  readonly name: string;
  readonly training: TrainingTemplate;
}

/** One firing of a rule. */
export interface Retraining {
  readonly jobId: string;
  readonly model: string;
  readonly rule: string;
  readonly firedAtUs: bigint;
  readonly labelsTotal: bigint;
  readonly newLabels: bigint;
  readonly requestedAtUs: bigint;
  /** Undefined while it trains. */
  readonly candidate: string | undefined;
}

/** A training to start: fit on [fitFrom, fitTo), judge on [fitTo, gateTo), with what was known by gateTo. */
export interface TrainingOrder {
  readonly jobId: string;
  readonly model: string;
  readonly rule: string;
  readonly training: TrainingTemplate;
  readonly fitToUs: bigint;
  readonly gateToUs: bigint;
}

export interface Retrainings {
  putRule(rule: DeclaredRule, nowUs: bigint): Promise<void>;
  /** Locks the rules of the model until the transaction ends. */
  lockRules(model: string): Promise<DeclaredRule[]>;
  /** Firings of the rule, oldest first. One asked for at `expiredBeforeUs` or before without candidate has failed. */
  firings(rule: DeclaredRule, expiredBeforeUs: bigint): Promise<Firing[]>;
  insert(retraining: Retraining): Promise<void>;
  /** Notes the candidate that came of a job; false when no rule asked for the job. */
  propose(jobId: string, candidate: string): Promise<boolean>;
  /** Newest first. */
  list(model: string): Promise<Retraining[]>;
}
