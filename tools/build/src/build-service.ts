import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { bundleEntry } from './bundle-entry.ts';
import { pruneLockfile, type Lockfile } from './prune-lockfile.ts';
import { assetOf, type Asset } from './relocate-urls.ts';
import { runtimeManifest, type WorkspaceManifest } from './runtime-manifest.ts';

export interface BuiltService {
  /** Absolute path of `dist/apps/<name>`. */
  readonly directory: string;
  /** The bundled entries, relative to it: `src/main.js` and whatever runs in workers or child processes. */
  readonly entries: readonly string[];
  /** Third-party packages that must be installed beside it. */
  readonly packages: readonly string[];
}

/**
 * Builds `apps/<name>` into `dist/apps/<name>`: one file per entry with all first-party code inlined, the files and
 * folders that the code reaches by URL (migrations first of all), and a package.json and lockfile with what is
 * needed at run time.
 */
export async function buildService(workspace: string, project: string): Promise<BuiltService> {
  const layout = { workspace, service: resolve(workspace, project) };
  const main = join(layout.service, 'src', 'main.ts');
  if (!existsSync(main)) throw new Error(`${project} has no src/main.ts, so there is nothing to build`);
  const directory = join(workspace, 'dist', project);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });

  const packages = new Set<string>();
  const done = new Map<string, Asset>();
  const open: Asset[] = [assetOf(main, layout)];
  for (let asset = open.pop(); asset; asset = open.pop()) {
    if (done.has(asset.target)) continue;
    done.set(asset.target, asset);
    if (asset.kind === 'copy') {
      await copyAsset(asset, directory);
      continue;
    }
    const bundle = await bundleEntry(asset, layout, directory);
    bundle.packages.forEach((name) => packages.add(name));
    open.push(...bundle.assets);
  }
  await writeManifests(workspace, basename(project), packages, directory);
  const entries = [...done.values()].filter(({ kind }) => kind === 'entry').map(({ target }) => target);
  return { directory, entries: entries.sort(), packages: [...packages].sort() };
}

async function copyAsset({ source, target }: Asset, directory: string): Promise<void> {
  const destination = join(directory, target);
  await mkdir(dirname(destination), { recursive: true });
  await cp(source, destination, { recursive: true });
}

async function writeManifests(
  workspace: string,
  service: string,
  packages: ReadonlySet<string>,
  directory: string,
): Promise<void> {
  const read = async (file: string): Promise<unknown> =>
    JSON.parse(await readFile(join(workspace, file), 'utf8'));
  const manifest = runtimeManifest(service, (await read('package.json')) as WorkspaceManifest, packages);
  const lockfile = pruneLockfile((await read('package-lock.json')) as Lockfile, manifest);
  const write = (file: string, content: object): Promise<void> =>
    writeFile(join(directory, file), `${JSON.stringify(content, null, 2)}\n`);
  await write('package.json', manifest);
  await write('package-lock.json', lockfile);
}
