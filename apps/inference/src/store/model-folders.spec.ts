import { chmod, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { fileObjects, objectErrors } from '@plumbline/objects';
import { temporaryDirectory } from '@plumbline/testing';
import type { ModelRepository } from '../domain/repository/repository.ts';
import { FolderObjects } from './folder-objects.ts';
import { modelFolders } from './model-folders.ts';

let root: string;
let stateDir: string;
let repository: ModelRepository;
let left: unknown[];
beforeEach(async () => {
  left = [];
  root = await realpath(await temporaryDirectory());
  stateDir = await temporaryDirectory();
  repository = modelFolders(root, new FolderObjects(root), fileObjects(stateDir), (error) =>
    left.push(error),
  );
});
const put = async (path: string, content: string) => {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), content);
};
const invalid = (code: string) => ({
  versions: [],
  problem: { reason: 'REPOSITORY_INVALID', message: expect.stringContaining(code) },
});

describe('folders of models', () => {
  it('are a problem of their model alone where they are links to themselves', async () => {
    await symlink('a', join(root, 'a'));
    await put('b/1/model.onnx', 'content');
    expect(await repository.names()).toEqual(['a', 'b']);
    expect(await repository.find('a')).toMatchObject(invalid('ELOOP'));
    expect(await repository.find('b')).toMatchObject({ problem: undefined, versions: [{ number: 1 }] });
  });

  const asUser = process.getuid?.() === 0 ? it.skip : it;
  asUser('are a problem of their model alone where they may not be read', async () => {
    await put('a/1/model.onnx', 'content');
    await chmod(join(root, 'a'), 0);
    expect(await repository.find('a')).toMatchObject(invalid('EACCES'));
    await chmod(join(root, 'a'), 0o700);
  });

  it('leave nothing behind of an override that is refused', async () => {
    const files = new Map([
      ['1/model.onnx', Buffer.from('content')],
      ['x/model.onnx', Buffer.from('content')],
    ]);
    const refused = repository.find('a', { config: '{}', files });
    await expect(refused).rejects.toMatchObject({ reason: 'LOAD_PARAMETER_INVALID' });
    expect(await readdir(stateDir)).toEqual([]);
  });

  it('tell what of an override could not be let go of, and fail nobody with it', async () => {
    const away = objectErrors.OBJECT_STORE_UNAVAILABLE('the folder is away');
    const store = { ...fileObjects(stateDir), remove: () => Promise.reject(away) };
    const folders = modelFolders(root, new FolderObjects(root), store, (error) => left.push(error));
    const files = new Map([['1/model.onnx', Buffer.from('content')]]);
    await folders.find('a', { config: '{}', files });
    await folders.retain(new Set());
    expect(left).toEqual([away]);
  });

  it('are not there where no folder has the name', async () => {
    await put('file', 'content');
    for (const name of ['file', 'absent', '../a', 'x'.repeat(300)]) {
      expect(await repository.find(name)).toBeUndefined();
    }
  });
});
