import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { snapshotFile } from '../src/snapshot-file.ts';

const codec = {
  encode: ({ epoch }: { epoch: bigint }) => Buffer.from(`epoch ${epoch}`),
  decode: (bytes: Uint8Array) => ({ epoch: BigInt(/^epoch (\d+)$/.exec(String(bytes))?.[1] ?? 'none') }),
};

describe('a snapshot file', () => {
  it('keeps the last snapshot in a file of its own folder that no one else may read', async () => {
    const directory = join(await temporaryDirectory(), 'state');
    const file = snapshotFile(join(directory, 'snapshot'), codec, () => undefined);
    expect(await file.load()).toBeUndefined();
    await file.save({ epoch: 1n });
    await file.save({ epoch: 2n });
    expect(await file.load()).toEqual({ epoch: 2n });
    expect(await readdir(directory)).toEqual(['snapshot']);
    expect((await stat(join(directory, 'snapshot'))).mode & 0o777).toBe(0o600);
  });

  it('tells of a file that holds no snapshot and goes on without', async () => {
    const path = join(await temporaryDirectory(), 'snapshot');
    await writeFile(path, 'torn');
    const unreadable: unknown[] = [];
    expect(await snapshotFile(path, codec, (error) => unreadable.push(error)).load()).toBeUndefined();
    expect(unreadable).toHaveLength(1);
  });
});
