import { describe, expect, it } from '@jest/globals';
import { documentedErrors } from '@plumbline/testing';
import { errors } from './errors.ts';

const documented = documentedErrors(
  new URL('../../../../proto/plumbline/features/v1/feature_store.proto', import.meta.url),
);

describe("the feature store's contract", () => {
  it('says of every method which errors it answers', () => {
    expect(documented.silentMethods).toEqual([]);
  });

  it('names every error of the catalogue, with its code', () => {
    const own = Object.entries(errors.entries).map(([reason, { code }]) => [reason, code]);
    expect(own.map(([reason = '']) => [reason, documented.codes.get(reason)])).toEqual(own);
  });
});
