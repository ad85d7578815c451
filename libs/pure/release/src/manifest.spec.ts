import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalManifest, manifestDigest, manifestFaults, type ManifestFile } from './manifest.ts';

const hex = (text: string) => createHash('sha256').update(text).digest('hex');
const file = (path: string, content = path): ManifestFile => ({
  path,
  digest: `sha256:${hex(content)}`,
  sizeBytes: BigInt(content.length),
});

const segment = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}$/);
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const files = fc
  .uniqueArray(fc.tuple(path, fc.string()), { minLength: 1, maxLength: 8, selector: ([name]) => name })
  .map((pairs) => pairs.map(([name, content]) => file(name, content)));

describe('canonicalManifest', () => {
  it('is the documented bytes', () => {
    expect(canonicalManifest([file('b', 'x'), file('a/c', '')])).toBe(
      `{"files":[{"path":"a/c","sha256":"${hex('')}","size":0},{"path":"b","sha256":"${hex('x')}","size":1}]}`,
    );
  });

  it('equals a naive RFC 8785 serialisation of the sorted files', () => {
    fc.assert(
      fc.property(files, (some) => {
        const sorted = [...some].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
        const naive = JSON.stringify({
          files: sorted.map((one) => ({
            path: one.path,
            sha256: one.digest.slice(7),
            size: Number(one.sizeBytes),
          })),
        });
        expect(canonicalManifest(some)).toBe(naive);
      }),
    );
  });
});

describe('manifestDigest', () => {
  it('does not depend on the order of the files', () => {
    fc.assert(
      fc.property(
        files.chain((some) =>
          fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
        ),
        ([some, shuffled]) => expect(manifestDigest(shuffled)).toBe(manifestDigest(some)),
      ),
    );
  });

  it('changes with every path, content and size', () => {
    const base = manifestDigest([file('a', '1'), file('b', '2')]);
    const others = [
      [file('a', '1'), file('c', '2')],
      [file('a', '1'), file('b', '3')],
      [file('a', '2'), file('b', '1')],
      [file('a', '1')],
      [file('a', '1'), { ...file('b', '2'), sizeBytes: 7n }],
    ];
    expect(new Set([base, ...others.map(manifestDigest)]).size).toBe(others.length + 1);
  });
});

describe('manifestFaults', () => {
  it('finds nothing wrong with safe files', () => {
    fc.assert(fc.property(files, (some) => expect(manifestFaults(some)).toEqual([])));
  });

  it.each([
    ['', 'relative path'],
    ['/model.onnx', 'relative path'],
    ['../model.onnx', 'relative path'],
    ['a/../../b', 'relative path'],
    ['./a', 'relative path'],
    ['a//b', 'relative path'],
    ['a\\b', 'relative path'],
    ['a b', 'relative path'],
    ['ä', 'relative path'],
    ['a'.repeat(256), 'relative path'],
  ])('refuses the path %j', (bad, fault) => {
    const faults = manifestFaults([file('ok'), { ...file('x'), path: bad }]);
    expect(faults.map(({ index }) => index)).toEqual([1]);
    expect(faults[0]?.fault).toContain(fault);
  });

  it('refuses no files, too many, repeated paths, foreign digests and negative sizes', () => {
    const many = Array.from({ length: 257 }, (_, index) => file(`f${index}`));
    const faults = [
      [],
      many,
      [file('a'), file('a')],
      [{ ...file('a'), digest: 'md5:00' }],
      [{ ...file('a'), digest: file('a').digest.toUpperCase() }],
      [{ ...file('a'), sizeBytes: -1n }],
    ].map((bad) => manifestFaults(bad).length);
    expect(faults).toEqual([1, 1, 1, 1, 1, 1]);
  });
});
