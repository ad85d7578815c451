import { describe, expect, it } from '@jest/globals';
import { checkFileSizes } from './file-sizes.ts';

const MIB = 1024n * 1024n;
const file = (path: string, sizeBytes: bigint) => ({ path, sizeBytes });
const tooLarge = (message: string) =>
  expect.objectContaining({ reason: 'ARTIFACT_TOO_LARGE', message: expect.stringContaining(message) });

describe('the files of a version that are read into memory', () => {
  it.each([
    ['config.pbtxt', MIB],
    ['override.config.json', MIB],
    ['signature.json', MIB],
    ['golden.pb', 64n * MIB],
    ['labels.txt', 8n * MIB],
    ['warmup/image', 64n * MIB],
  ])('are refused by name: %s beyond %d bytes', (path, most) => {
    expect(() => checkFileSizes([file(path, most)])).not.toThrow();
    expect(() => checkFileSizes([file(path, most + 1n)])).toThrow(
      tooLarge(`${path} has ${most + 1n} bytes; it may have ${most}`),
    );
  });

  it('are refused together beyond 256 MiB', () => {
    const files = [1, 2, 3, 4].map((n) => file(`warmup/${n}`, 64n * MIB));
    expect(() => checkFileSizes(files)).not.toThrow();
    expect(() => checkFileSizes([...files, file('labels.txt', 1n)])).toThrow(tooLarge('268435456'));
  });
});
