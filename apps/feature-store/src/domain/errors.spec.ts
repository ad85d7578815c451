import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { errors } from './errors.ts';

const PROTO = new URL('../../../../proto/plumbline/features/v1/feature_store.proto', import.meta.url);
const proto = readFileSync(PROTO, 'utf8');

/** Names of the methods whose comment does not say "Errors: …". */
function silentMethods(): string[] {
  const methods = [...proto.matchAll(/((?: {2}\/\/.*\n)*) {2}rpc (\w+)/g)];
  return methods.filter(([, comment]) => !comment!.includes('Errors: ')).map(([, , name]) => name!);
}

/** Codes by reason, from "CODE / REASON, REASON or REASON" in comments, which may go over several lines. */
function namedErrors(): Map<string, string> {
  const comments = proto.replaceAll(/\s*\/\/ /g, ' ');
  const named = comments.matchAll(/\b([A-Z_]+) \/ ([A-Z_]+(?:(?:, | or )[A-Z_]+)*)/g);
  return new Map(
    [...named].flatMap(([, code, reasons]) => reasons!.split(/, | or /).map((reason) => [reason, code!])),
  );
}

describe("the feature store's contract", () => {
  it('says of every method which errors it answers', () => {
    expect(proto).toMatch(/ {2}rpc /);
    expect(silentMethods()).toEqual([]);
  });

  it('names every error of the catalogue, with its code', () => {
    const own = Object.entries(errors.entries).map(([reason, { code }]) => [reason, code]);
    const named = namedErrors();
    expect(own.map(([reason]) => [reason, named.get(reason!)])).toEqual(own);
  });
});
