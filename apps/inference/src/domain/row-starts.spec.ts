import { describe, expect, it } from '@jest/globals';
import { encodeBytesElements } from '@plumbline/tensors';
import fc from 'fast-check';
import { RowStarts } from './row-starts.ts';

const texts = (...words: string[]) => encodeBytesElements(words.map((word) => Buffer.from(word)));

describe('RowStarts', () => {
  it('finds the rows of numbers by their width', () => {
    const starts = RowStarts.of('FP32', [3, 2], new Uint8Array(24));
    expect([0, 1, 2, 3].map((row) => starts?.at(row))).toEqual([0, 8, 16, 24]);
  });

  it('finds the rows of texts by the lengths of their elements', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 20 }), (rows) => {
        const raw = texts(...rows.flat());
        const starts = RowStarts.of('BYTES', [rows.length, 2], raw);
        const cut = rows.map((_, row) => Buffer.from(raw.subarray(starts?.at(row), starts?.at(row + 1))));
        expect(cut).toEqual(rows.map((row) => texts(...row)));
      }),
    );
  });

  it.each<[string, Uint8Array]>([
    ['fewer elements than the shape says', texts('a', 'b', 'c')],
    ['more elements than the shape says', texts('a', 'b', 'c', 'd', 'e')],
    ['an element that reaches past the end', texts('a', 'b', 'c', 'dd').subarray(0, -1)],
    ['a length that is cut off', Buffer.concat([texts('a', 'b', 'c'), Buffer.from([1, 0])])],
  ])('does not cut texts with %s', (_problem, raw) => {
    expect(RowStarts.of('BYTES', [2, 2], raw)).toBeUndefined();
  });
});
