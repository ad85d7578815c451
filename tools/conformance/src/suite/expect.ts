import { isDeepStrictEqual } from 'node:util';
import { ServiceError, type CodeName } from '@plumbline/errors';
import { Failure } from './outcome.ts';

/** @throws Failure with `finding` where `condition` is false. */
export function expect(condition: boolean, finding: string): asserts condition {
  if (!condition) throw new Failure(finding);
}

/** @throws Failure naming both values where they differ in depth. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Failure(`${what} is ${show(actual)}, not ${show(expected)}`);
  }
}

/** The error that the call fails with. @throws Failure where it succeeds or its status is none of `codes`. */
export async function expectStatus(call: Promise<unknown>, ...codes: CodeName[]): Promise<ServiceError> {
  const wanted = codes.join(' or ');
  const error = await call.then(
    () => new Failure(`was answered where ${wanted} is due`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ServiceError)) throw error;
  if (!codes.includes(error.codeName)) {
    throw new Failure(`${error.codeName} where ${wanted} is due: ${error.message}`);
  }
  return error;
}

const LONGEST = 120;

function show(value: unknown): string {
  const text =
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ??
    String(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
