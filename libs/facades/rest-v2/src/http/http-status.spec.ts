import { describe, expect, it } from '@jest/globals';
import { Code, ServiceError, type CodeName } from '@plumbline/errors';
import { rpcErrors } from '@plumbline/rpc';
import { restErrors } from '../errors.ts';
import { httpStatus } from './http-status.ts';

describe('the HTTP status of a failure', () => {
  it.each<[CodeName, number]>([
    ['NOT_FOUND', 404],
    ['INVALID_ARGUMENT', 400],
    ['FAILED_PRECONDITION', 400],
    ['UNAVAILABLE', 503],
    ['UNIMPLEMENTED', 501],
    ['DEADLINE_EXCEEDED', 504],
    ['UNAUTHENTICATED', 401],
    ['PERMISSION_DENIED', 403],
    ['RESOURCE_EXHAUSTED', 429],
    ['INTERNAL', 500],
  ])('of %s is %d', (code, status) => {
    expect(httpStatus(new ServiceError(Code[code], 'ANY', 'text'))).toBe(status);
  });

  it('is that of HTTP where HTTP has one', () => {
    expect(httpStatus(restErrors.BODY_TOO_LARGE(''))).toBe(413);
    expect(httpStatus(rpcErrors.MESSAGE_TOO_LARGE(''))).toBe(413);
    expect(httpStatus(restErrors.ENCODING_UNSUPPORTED(''))).toBe(415);
    expect(httpStatus(restErrors.METHOD_NOT_ALLOWED(''))).toBe(405);
  });

  it('is an error for every failure', () => {
    for (const [name, code] of Object.entries(Code)) {
      if (name !== 'OK') expect(httpStatus(new ServiceError(code, 'ANY', ''))).toBeGreaterThanOrEqual(400);
    }
  });
});
