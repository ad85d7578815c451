import { readFileSync } from 'node:fs';

/** What the comments of a proto file say of errors. */
export interface DocumentedErrors {
  /** Methods whose comment does not say "Errors: …". */
  readonly silentMethods: readonly string[];
  /** Codes by reason, from "CODE / REASON, REASON or REASON" in comments, which may go over several lines. */
  readonly codes: ReadonlyMap<string, string>;
}

export function documentedErrors(protoFile: URL): DocumentedErrors {
  const proto = readFileSync(protoFile, 'utf8');
  const methods = [...proto.matchAll(/((?: {2}\/\/.*\n)*) {2}rpc (\w+)/g)];
  if (methods.length === 0) throw new RangeError(`${protoFile.pathname} declares no method`);
  const comments = proto.replaceAll(/\s*\/\/ /g, ' ');
  const named = comments.matchAll(/\b([A-Z_]+) \/ ([A-Z_]+(?:(?:, | or )[A-Z_]+)*)/g);
  return {
    silentMethods: methods
      .filter(([, comment = '']) => !comment.includes('Errors: '))
      .map(([, , name = '']) => name),
    codes: new Map(
      [...named].flatMap(([, code = '', reasons = '']) =>
        reasons.split(/, | or /).map((reason): [string, string] => [reason, code]),
      ),
    ),
  };
}
