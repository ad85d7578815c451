import { describe, expect, it } from '@jest/globals';
import { MetadataMap } from '../context/metadata.ts';
import { authenticateServices, serviceToken } from './service-token.ts';

const authenticate = authenticateServices('secret');
const identify = (record: Record<string, string>) => authenticate(MetadataMap.from(record));

describe('service tokens', () => {
  it('identify the service, twice the same', () => {
    const authorization = serviceToken('gateway', 'secret');
    const expected = { caller: { id: 'gateway', kind: 'service', scopes: [] }, tenant: '' };
    expect(identify({ authorization })).toEqual(expected);
    expect(identify({ authorization })).toEqual(expected);
  });

  it('let a service act for a tenant and a caller, and say who vouches', () => {
    const authorization = serviceToken('gateway', 'secret');
    expect(
      identify({ authorization, 'plumbline-tenant': 'acme', 'plumbline-caller': 'api-key:ak:1' }),
    ).toEqual({ caller: { id: 'ak:1', kind: 'api-key', scopes: [], via: 'gateway' }, tenant: 'acme' });
  });

  it.each([
    ['no token', {}, 'CREDENTIALS_MISSING'],
    ['a token of another secret', { authorization: serviceToken('gateway', 'other') }, 'CREDENTIALS_INVALID'],
    [
      'another service with the same signature',
      { authorization: serviceToken('gateway', 'secret').replace('gateway', 'audit') },
      'CREDENTIALS_INVALID',
    ],
    ['another scheme', { authorization: 'Basic eDp5' }, 'CREDENTIALS_INVALID'],
    [
      'a cut-off signature',
      { authorization: serviceToken('gateway', 'secret').slice(0, -2) },
      'CREDENTIALS_INVALID',
    ],
    [
      'a caller of no known kind',
      { authorization: serviceToken('gateway', 'secret'), 'plumbline-caller': 'root' },
      'CREDENTIALS_INVALID',
    ],
  ])('refuse %s', (_what, record: Record<string, string>, reason) => {
    expect(() => identify(record)).toThrow(expect.objectContaining({ reason, codeName: 'UNAUTHENTICATED' }));
  });

  it('are not made from an empty secret', () => {
    expect(() => authenticateServices('')).toThrow(TypeError);
  });
});
