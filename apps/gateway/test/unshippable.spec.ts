import { open as openFile, readdir, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually, temporaryDirectory } from '@plumbline/testing';
import { Spool } from '../src/store/spool.ts';
import { Unshippable } from '../src/store/unshippable.ts';

const entry = (n: number) => Buffer.from(`entry ${n}`);

/** What a gateway would ship that finds the file in its spool. */
async function offeredAgain(file: string): Promise<string[]> {
  const directory = await temporaryDirectory();
  await rename(file, join(directory, '000000000000.spool'));
  const spool = await Spool.open({ directory, maxBytes: 1_000_000, onTrouble: () => undefined });
  const shipped: string[] = [];
  void spool.shipTo(async (entries) => void shipped.push(...entries.map(String)), 100, 10);
  await eventually(() => spool.backlog === 0);
  await spool.append(entry(9));
  await eventually(() => spool.backlog === 0);
  await spool.close();
  return shipped;
}

describe('what cannot be shipped', () => {
  it('is kept by reason, also across a restart, and can be offered again', async () => {
    const directory = await temporaryDirectory();
    const before = await Unshippable.open(directory, 1_000);
    expect(await before.keep('INVALID_RECORD', entry(1))).toBe(true);
    expect(await before.keep('UNSENDABLE', entry(2))).toBe(true);
    const after = await Unshippable.open(directory, 1_000);
    expect(after.bytes).toBe(before.bytes);
    expect(await after.keep('INVALID_RECORD', entry(3))).toBe(true);
    expect((await readdir(directory)).sort()).toEqual(['INVALID_RECORD.spool', 'UNSENDABLE.spool']);
    const shipped = await offeredAgain(join(directory, 'INVALID_RECORD.spool'));
    expect(shipped).toEqual(['entry 1', 'entry 3', 'entry 9']);
  });

  it('is not kept beyond the bound, and says so', async () => {
    const kept = await Unshippable.open(await temporaryDirectory(), 20);
    expect(await kept.keep('INVALID_RECORD', entry(1))).toBe(true);
    expect(await kept.keep('INVALID_RECORD', entry(2))).toBe(false);
    expect(kept.bytes).toBe(15);
  });

  it('stays readable after a write that broke off halfway', async () => {
    const directory = await temporaryDirectory();
    const kept = await Unshippable.open(directory, 1_000);
    await kept.keep('INVALID_RECORD', entry(1));
    const any = await openFile(join(await temporaryDirectory(), 'any'), 'w');
    await any.close();
    const handles = Object.getPrototypeOf(any) as FileHandle;
    jest.spyOn(handles, 'appendFile').mockImplementationOnce(async function (this: FileHandle, data) {
      await this.write((data as Buffer).subarray(0, 5));
      throw new Error('no space left on device');
    });
    await expect(kept.keep('INVALID_RECORD', entry(2))).rejects.toThrow('no space left on device');
    await kept.keep('INVALID_RECORD', entry(3));
    const shipped = await offeredAgain(join(directory, 'INVALID_RECORD.spool'));
    expect(shipped).toEqual(['entry 1', 'entry 3', 'entry 9']);
  });
});
