import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatCaller, parseCaller } from './caller.ts';
import { MetadataMap } from './metadata.ts';

describe('the text of a caller', () => {
  it.each([
    ['ak:1', 'api-key:ak:1'],
    ['Überwachung', 'api-key:%C3%9Cberwachung'],
    ['100% night shift', 'api-key:100%25%20night%20shift'],
    ['', 'api-key:'],
  ])('of the id "%s" is %s', (id, text) => {
    expect(formatCaller({ id, kind: 'api-key', scopes: [] })).toBe(text);
  });

  it('is legal metadata and leads back to the caller, whatever the id', () => {
    const ids = fc.string({ unit: 'grapheme' });
    const kinds = fc.constantFrom('service' as const, 'api-key' as const, 'anonymous' as const);
    fc.assert(
      fc.property(ids, kinds, (id, kind) => {
        const text = formatCaller({ id, kind, scopes: [] });
        expect(MetadataMap.from({ 'plumbline-caller': text }).get('plumbline-caller')).toBe(text);
        expect(parseCaller(text, 'gateway')).toEqual({ id, kind, scopes: [], via: 'gateway' });
      }),
    );
  });

  it('replaces halves of surrogate pairs, which have no UTF-8', () => {
    expect(formatCaller({ id: '\ud800', kind: 'service', scopes: [] })).toBe('service:%EF%BF%BD');
  });

  it.each(['root', 'user:x', 'api-key:100%', 'api-key:%FF'])('is not %s', (text) => {
    expect(parseCaller(text, 'gateway')).toBeUndefined();
  });
});
