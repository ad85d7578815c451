import { chmod, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { digestOf, fileObjects, objectErrors } from '@plumbline/objects';
import { temporaryDirectory } from '@plumbline/testing';
import type { ModelRepository } from '../domain/repository/repository.ts';
import { FolderObjects } from './folder-objects.ts';
import { modelFolders } from './model-folders.ts';

const { signal } = new AbortController();
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
    expect(await repository.find('a', undefined, signal)).toMatchObject(invalid('ELOOP'));
    expect(await repository.find('b', undefined, signal)).toMatchObject({
      problem: undefined,
      versions: [{ number: 1 }],
    });
  });

  it('are a problem of their model alone where a file that is read is too large', async () => {
    await put('a/config.pbtxt', ' '.repeat(1024 * 1024 + 1));
    await put('a/1/model.onnx', 'content');
    await put('b/1/model.onnx', 'content');
    expect(await repository.find('a', undefined, signal)).toMatchObject({
      versions: [],
      problem: { reason: 'ARTIFACT_TOO_LARGE', message: expect.stringContaining('config.pbtxt has 1048577') },
    });
    expect(await repository.find('b', undefined, signal)).toMatchObject({ problem: undefined });
  });

  it('may hold files of other tools: a config.json is none of ours', async () => {
    await put('a/1/model.onnx', 'content');
    await put('a/1/config.json', '{"architectures": ["BertModel"]}');
    const model = await repository.find('a', undefined, signal);
    const [version] = model?.versions ?? [];
    expect(version?.files.map(({ path }) => path).toSorted()).toEqual(['config.json', 'model.onnx']);
  });

  const asUser = process.getuid?.() === 0 ? it.skip : it;
  asUser('are a problem of their model alone where they may not be read', async () => {
    await put('a/1/model.onnx', 'content');
    await chmod(join(root, 'a'), 0);
    expect(await repository.find('a', undefined, signal)).toMatchObject(invalid('EACCES'));
    await chmod(join(root, 'a'), 0o700);
  });

  it.each([
    ['one of its files is of no version', '{}', 'x/model.onnx', 'LOAD_PARAMETER_INVALID'],
    ['one of its files has no plain path', '{}', '1/../model.onnx', 'REPOSITORY_INVALID'],
    ['it is that of another model', '{"name": "b"}', '2/model.onnx', 'MODEL_CONFIG_INVALID'],
    [
      'its policy names other versions',
      '{"version_policy": {"specific": {"versions": [9]}}}',
      '2/m',
      'MODEL_CONFIG_INVALID',
    ],
  ])('leave nothing behind of an override that is refused because %s', async (_why, config, path, reason) => {
    const files = new Map([
      ['1/model.onnx', Buffer.from('content')],
      [path, Buffer.from('content')],
    ]);
    await expect(repository.find('a', { config, files }, signal)).rejects.toMatchObject({ reason });
    expect(await readdir(stateDir)).toEqual([]);
  });

  it('leave nothing behind of a configuration under which the folder has a problem', async () => {
    await put('a/1/model.onnx', 'content');
    const config = '{"output": [{"name": "y", "data_type": "TYPE_FP32", "label_filename": "none.txt"}]}';
    const model = await repository.find('a', { config, files: new Map() }, signal);
    expect(model).toMatchObject(invalid('ENOENT'));
    expect(await readdir(stateDir)).toEqual([]);
  });

  it('store of an override what its versions need', async () => {
    const store = fileObjects(stateDir);
    const files = new Map(['1', '2'].map((version) => [`${version}/model.onnx`, Buffer.from(version)]));
    await repository.find('a', { config: '{}', files }, signal);
    expect(await store.has(digestOf(Buffer.from('2')))).toBe(true);
    expect(await store.has(digestOf(Buffer.from('1')))).toBe(false);
  });

  it('are read no further when the signal fires', async () => {
    for (const name of ['one', 'two']) await put(`a/1/${name}`, name);
    const caller = new AbortController();
    const objects = new FolderObjects(root);
    const look = objects.look.bind(objects);
    const looked: string[] = [];
    objects.look = (path, check) => {
      looked.push(path);
      caller.abort(new Error('the caller is gone'));
      return look(path, check);
    };
    const folders = modelFolders(root, objects, fileObjects(stateDir), (error) => left.push(error));
    await expect(folders.find('a', undefined, caller.signal)).rejects.toThrow('the caller is gone');
    expect(looked).toHaveLength(1);
  });

  it('tell what of an override could not be let go of, and fail nobody with it', async () => {
    const away = objectErrors.OBJECT_STORE_UNAVAILABLE('the folder is away');
    const store = { ...fileObjects(stateDir), remove: () => Promise.reject(away) };
    const folders = modelFolders(root, new FolderObjects(root), store, (error) => left.push(error));
    const files = new Map([['1/model.onnx', Buffer.from('content')]]);
    await folders.find('a', { config: '{}', files }, signal);
    await folders.retain(new Set());
    expect(left).toEqual([away]);
  });

  it('are not there where no folder has the name', async () => {
    await put('file', 'content');
    for (const name of ['file', 'absent', '../a', 'x'.repeat(300)]) {
      expect(await repository.find(name, undefined, signal)).toBeUndefined();
    }
  });
});
