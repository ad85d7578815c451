import { execFileSync } from 'node:child_process';
import { mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { digestOf } from '@plumbline/objects';
import { temporaryDirectory } from '@plumbline/testing';
import { FolderObjects } from './folder-objects.ts';

let root: string;
let objects: FolderObjects;
beforeEach(async () => {
  root = await realpath(await temporaryDirectory());
  objects = new FolderObjects(root);
});
const put = async (path: string, content: string) => {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), content);
  return objects.look(join(root, path));
};

describe('FolderObjects', () => {
  it('finds a file by the digest that it had when it was looked at', async () => {
    const { digest, sizeBytes } = await put('m/1/model.onnx', 'content');
    expect([digest, sizeBytes]).toEqual([digestOf(Buffer.from('content')), 7n]);
    expect(await objects.path(digest)).toBe(join(root, 'm/1/model.onnx'));
    expect((await objects.get(digest)).toString()).toBe('content');
  });

  it('tells that a file has changed or gone, until it is looked at again', async () => {
    const { digest } = await put('a', 'before');
    await writeFile(join(root, 'a'), 'after');
    await expect(objects.get(digest)).rejects.toMatchObject({ reason: 'OBJECT_CORRUPT' });
    await put('a', 'after');
    await expect(objects.get(digest)).rejects.toMatchObject({ reason: 'OBJECT_NOT_FOUND' });
    await rm(join(root, 'a'));
    const after = digestOf(Buffer.from('after'));
    await expect(objects.path(after)).rejects.toMatchObject({ reason: 'OBJECT_CORRUPT' });
  });

  it('finds a content as long as one of its files has it', async () => {
    const { digest } = await put('a', 'same');
    await put('b', 'same');
    await put('b', 'other');
    expect(await objects.path(digest)).toBe(join(root, 'a'));
    await put('c', 'same');
    await writeFile(join(root, 'a'), 'changed');
    expect(await objects.path(digest)).toBe(join(root, 'c'));
  });

  it('finds a content beside a file that cannot be asked after, and says why where there is no other', async () => {
    const { digest } = await put('a', 'same');
    await put('b', 'same');
    await rm(join(root, 'a'));
    await symlink('a', join(root, 'a'));
    expect(await objects.path(digest)).toBe(join(root, 'b'));
    await rm(join(root, 'b'));
    await expect(objects.path(digest)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('reads nothing of a file whose size is refused', async () => {
    await writeFile(join(root, 'a'), 'content');
    const refuse = (sizeBytes: bigint) => {
      throw new RangeError(`${sizeBytes} bytes`);
    };
    await expect(objects.look(join(root, 'a'), refuse)).rejects.toThrow('7 bytes');
    expect(objects.size).toBe(0);
  });

  it('refuses what is no plain file, without waiting for it', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await mkdir(join(root, 'folder'));
    for (const path of ['pipe', 'folder']) {
      await expect(objects.look(join(root, path))).rejects.toMatchObject({ reason: 'REPOSITORY_INVALID' });
    }
  });

  it('forgets what nobody needs', async () => {
    const { digest: kept } = await put('a', 'kept');
    const { digest: lost } = await put('b', 'lost');
    await objects.retain(new Set([kept]));
    expect(await objects.path(kept)).toBe(join(root, 'a'));
    await expect(objects.path(lost)).rejects.toMatchObject({ reason: 'OBJECT_NOT_FOUND' });
    expect((await objects.look(join(root, 'b'))).digest).toBe(lost);
    expect(await objects.path(lost)).toBe(join(root, 'b'));
  });

  it('remembers as many files as there are, however often others with their content come and go', async () => {
    const { digest } = await put('0/model.onnx', 'same');
    for (let version = 1; version < 20; version++) {
      await put(`${version}/model.onnx`, 'same');
      await rm(join(root, `${version - 1}`), { recursive: true });
      await objects.retain(new Set([digest]));
      expect(objects.size).toBe(1);
    }
    expect(await objects.path(digest)).toBe(join(root, '19/model.onnx'));
  });

  it('keeps a file that it cannot ask after, and those with its content', async () => {
    const { digest } = await put('a', 'same');
    await put('b', 'same');
    await rm(join(root, 'a'));
    await symlink('a', join(root, 'a'));
    await objects.retain(new Set([digest]));
    expect(objects.size).toBe(2);
    await rm(join(root, 'a'));
    await objects.retain(new Set([digest]));
    expect(await objects.path(digest)).toBe(join(root, 'b'));
    expect(objects.size).toBe(1);
  });

  it('tells that the last file with a content is gone as long as the content is needed', async () => {
    const { digest } = await put('a', 'content');
    await rm(join(root, 'a'));
    await objects.retain(new Set([digest]));
    await expect(objects.path(digest)).rejects.toMatchObject({ reason: 'OBJECT_CORRUPT' });
    await objects.retain(new Set());
    expect(objects.size).toBe(0);
  });

  it('follows links within the folder and refuses those that lead out of it', async () => {
    const outside = await temporaryDirectory();
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(join(outside, 'secret'), join(root, 'out'));
    await symlink(outside, join(root, 'folder'));
    const { digest } = await put('a', 'content');
    await symlink(join(root, 'a'), join(root, 'in'));
    expect((await objects.look(join(root, 'in'))).digest).toBe(digest);
    for (const path of ['out', 'folder/secret', `../${root.split('/').at(-1)}x`]) {
      const refused = path.startsWith('..') ? { code: 'ENOENT' } : { reason: 'REPOSITORY_INVALID' };
      await expect(objects.look(join(root, path))).rejects.toMatchObject(refused);
    }
  });
});
