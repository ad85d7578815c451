/** What an inference server says of how it came to an answer. */
export interface Execution {
  /** Of the version that answered. */
  readonly digest: string;
  /** INVARIANT, VARIANT or UNTESTED: of batches of `invarianceRows` rows alone, where that is not 0. */
  readonly invariance: string;
  /** Rows that every batch of the version is filled up to; 0: as many as there are. */
  readonly invarianceRows: number;
  /** Rows of the batch that the request ran in. */
  readonly batchRows: number;
  /** Wait for a runner. */
  readonly queueUs: number;
  /** Time inside the engine. */
  readonly inferUs: number;
  readonly replica: string;
}

/**
 * The trailer that carries it: one, because at tens of thousands of answers a second each trailer shows. Its value
 * reads `digest=sha256:…;invariance=INVARIANT;batch-rows=12;queue-us=80;infer-us=35;replica=…`, and behind the class
 * `invariance-rows=4` where batches are filled up to so many rows.
 */
export const EXECUTION_TRAILER = 'plumbline-execution';

export function formatExecution({
  digest,
  invariance,
  invarianceRows,
  batchRows,
  queueUs,
  inferUs,
  replica,
}: Execution): string {
  const pin = invarianceRows === 0 ? '' : `;invariance-rows=${invarianceRows}`;
  return `digest=${digest};invariance=${invariance}${pin};batch-rows=${batchRows};queue-us=${queueUs};infer-us=${inferUs};replica=${replica}`;
}

/** Reads what it can; what is absent, or no number where one is due, is empty or 0: other servers say nothing. */
export function parseExecution(text: string | undefined): Execution {
  const fields = new Map<string, string>();
  for (const part of text?.split(';') ?? []) {
    const equals = part.indexOf('=');
    if (equals > 0) fields.set(part.slice(0, equals), part.slice(equals + 1));
  }
  const number = (name: string): number => {
    const value = Number(fields.get(name));
    return Number.isFinite(value) && value >= 0 ? value : 0;
  };
  return {
    digest: fields.get('digest') ?? '',
    invariance: fields.get('invariance') ?? '',
    invarianceRows: number('invariance-rows'),
    batchRows: number('batch-rows'),
    queueUs: number('queue-us'),
    inferUs: number('infer-us'),
    replica: fields.get('replica') ?? '',
  };
}
