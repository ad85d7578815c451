import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { relocateUrls, ROOT, type Asset, type Layout } from './relocate-urls.ts';

export interface Bundle {
  /** What the code reaches by URL. */
  readonly assets: readonly Asset[];
  /** Names of the third-party packages that it imports. */
  readonly packages: ReadonlySet<string>;
}

/** Bundles one entry with all first-party code inlined and every third-party package left to be imported. */
export async function bundleEntry(entry: Asset, layout: Layout, outDirectory: string): Promise<Bundle> {
  const assets: Asset[] = [];
  const packages = new Set<string>();
  const depth = entry.target.split('/').length - 1;
  await build({
    entryPoints: [entry.source],
    outfile: join(outDirectory, entry.target),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'silent',
    absWorkingDir: layout.workspace,
    banner: { js: `const ${ROOT} = new URL('${'../'.repeat(depth) || './'}', import.meta.url);` },
    plugins: [firstPartyOnly(packages), relocated(layout, assets)],
  });
  return { assets, packages };
}

function firstPartyOnly(packages: Set<string>): Plugin {
  return {
    name: 'first-party-only',
    setup(bundler) {
      bundler.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        if (kind === 'entry-point' || path.startsWith('@plumbline/')) return undefined;
        if (!isBuiltin(path)) packages.add(packageOf(path));
        return { path, external: true };
      });
    },
  };
}

function relocated(layout: Layout, assets: Asset[]): Plugin {
  return {
    name: 'relocated-urls',
    setup(bundler) {
      bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const found = relocateUrls(path, await readFile(path, 'utf8'), layout);
        assets.push(...found.assets);
        return { contents: found.code, loader: 'ts' };
      });
    },
  };
}

/** `@scope/name/sub` → `@scope/name` */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
