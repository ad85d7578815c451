import { open as openFile, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { Spool } from '../src/store/spool.ts';

const spools: Spool[] = [];
const troubles: string[] = [];
async function open(
  directory: string,
  options: Partial<{ maxBytes: number; segmentBytes: number }> = {},
): Promise<Spool> {
  const spool = await Spool.open({
    directory,
    maxBytes: 1_000_000,
    onTrouble: (_error, problem) => troubles.push(problem),
    ...options,
  });
  spools.push(spool);
  return spool;
}

afterEach(async () => {
  for (const spool of spools.splice(0)) await spool.close();
  troubles.splice(0);
});

/** Any open file; spies go on what all of them share. */
async function someHandle(directory: string): Promise<FileHandle> {
  const handle = await openFile(join(directory, 'any'), 'w');
  await handle.close();
  return handle;
}

const entry = (n: number) => Buffer.from(`entry ${n}`);

describe('the record spool', () => {
  it('ships entries in order and deletes what has been shipped', async () => {
    const directory = await temporaryDirectory();
    const spool = await open(directory, { segmentBytes: 64 });
    const shipped: string[] = [];
    for (let n = 0; n < 20; n += 1) await spool.append(entry(n));
    void spool.shipTo(async (entries) => void shipped.push(...entries.map(String)), 3, 10);
    await eventually(() => spool.backlog === 0);
    expect(shipped).toEqual(Array.from({ length: 20 }, (_, n) => String(entry(n))));
    await eventually(async () => (await readdir(directory)).length === 1);
  });

  it('keeps what an earlier process left unshipped', async () => {
    const directory = await temporaryDirectory();
    const before = await open(directory, { segmentBytes: 64 });
    for (let n = 0; n < 9; n += 1) await before.append(entry(n));
    // No close: the process was killed.
    const after = await open(directory);
    const shipped: string[] = [];
    void after.shipTo(async (entries) => void shipped.push(...entries.map(String)), 100, 10);
    await eventually(() => shipped.length === 9);
    expect(shipped).toEqual(Array.from({ length: 9 }, (_, n) => String(entry(n))));
  });

  it('offers entries again after a failed shipment', async () => {
    const spool = await open(await temporaryDirectory());
    const shipped: string[] = [];
    let failures = 2;
    await spool.append(entry(1));
    void spool.shipTo(
      async (entries) => {
        if (failures-- > 0) throw new Error('audit is away');
        shipped.push(...entries.map(String));
      },
      10,
      1,
    );
    await eventually(() => shipped.length > 0);
    expect(shipped).toEqual(['entry 1']);
    expect(troubles).toEqual(['records wait in the spool']);
  });

  it('keeps what it accepts after a write that broke off halfway', async () => {
    const directory = await temporaryDirectory();
    const before = await open(directory);
    await before.append(entry(1));
    const handles = Object.getPrototypeOf(await someHandle(directory)) as FileHandle;
    jest.spyOn(handles, 'appendFile').mockImplementationOnce(async function (this: FileHandle, data) {
      await this.write((data as Buffer).subarray(0, 5));
      throw new Error('no space left on device');
    });
    await expect(before.append(entry(2))).rejects.toMatchObject({ reason: 'SPOOL_FULL' });
    await before.append(entry(3));

    const after = await open(directory);
    const shipped: string[] = [];
    void after.shipTo(async (entries) => void shipped.push(...entries.map(String)), 100, 10);
    await eventually(() => after.backlog === 0);
    expect(shipped).toEqual(['entry 1', 'entry 3']);
  });

  it('refuses when full and accepts again once shipped', async () => {
    const spool = await open(await temporaryDirectory(), { maxBytes: 20 });
    await spool.append(entry(1));
    await expect(spool.append(entry(2))).rejects.toMatchObject({ reason: 'SPOOL_FULL' });
    void spool.shipTo(async () => undefined, 10, 1);
    await eventually(() => spool.backlog === 0);
    await spool.append(entry(3));
  });
});
