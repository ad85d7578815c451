import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { temporaryDirectory } from '@plumbline/testing';

const repository = join(import.meta.dirname, '../../..');
const SHARED = ['libs', 'proto', 'tools', 'deploy'];
const ROOT_FILES = [
  ...[
    'package.json',
    'package-lock.json',
    'nx.json',
    'tsconfig.base.json',
    'tsconfig.json',
    'jest.config.js',
  ],
  ...['eslint.config.js', 'buf.yaml', '.prettierrc.json', '.prettierignore', '.gitignore'],
];

/** A copy of this repository without its services, on the installed third-party packages. */
export interface ScratchWorkspace {
  readonly directory: string;
  /** Runs a script under Node with the copy as working directory; rejects with its output when it fails. */
  node(...args: string[]): Promise<string>;
  /** Does what `npm install` does for new projects: links every first-party package. */
  link(): Promise<void>;
}

export async function scratchWorkspace(): Promise<ScratchWorkspace> {
  const directory = join(await temporaryDirectory(), 'workspace');
  await mkdir(join(directory, 'apps'), { recursive: true });
  for (const folder of SHARED) {
    const filter = (path: string) => basename(path) !== 'node_modules';
    await cp(join(repository, folder), join(directory, folder), { recursive: true, filter });
  }
  for (const file of ROOT_FILES) await cp(join(repository, file), join(directory, file));
  await linkInstalled(directory);
  const link = () => linkOwn(directory);
  await link();
  return { directory, link, node: (...args) => node(directory, args) };
}

async function linkInstalled(directory: string): Promise<void> {
  const installed = join(repository, 'node_modules');
  await mkdir(join(directory, 'node_modules/@plumbline'), { recursive: true });
  for (const name of await readdir(installed)) {
    if (name !== '@plumbline' && name !== '.cache') {
      await symlink(join(installed, name), join(directory, 'node_modules', name));
    }
  }
}

async function linkOwn(directory: string): Promise<void> {
  const linked = new Set(await readdir(join(directory, 'node_modules/@plumbline')));
  for (const manifest of globSync(['{apps,tools}/*/package.json', 'libs/**/package.json'], {
    cwd: directory,
  })) {
    const { name } = JSON.parse(await readFile(join(directory, manifest), 'utf8')) as { name: string };
    if (linked.has(basename(name))) continue;
    await symlink(join(directory, dirname(manifest)), join(directory, 'node_modules', name));
  }
}

function node(directory: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, NX_DAEMON: 'false', NX_WORKSPACE_ROOT_PATH: directory, CI: 'true' };
  const child = spawn(process.execPath, args, { cwd: directory, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return new Promise((resolve, reject) => {
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${args.join(' ')} exited with ${code}:\n${output}`)),
    );
  });
}
