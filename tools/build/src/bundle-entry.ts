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
  const depth = entry.target.split('/').length - 1;
  const { metafile } = await build({
    entryPoints: [entry.source],
    outfile: join(outDirectory, entry.target),
    bundle: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'silent',
    absWorkingDir: layout.workspace,
    banner: { js: `const ${ROOT} = new URL('${'../'.repeat(depth) || './'}', import.meta.url);` },
    plugins: [firstPartyOnly, relocated(layout, assets)],
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const outside = imports.filter(({ path, external }) => external && !isBuiltin(path));
  return { assets, packages: new Set(outside.map(({ path }) => packageOf(path))) };
}

const firstPartyOnly: Plugin = {
  name: 'first-party-only',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@plumbline/') ? undefined : { path, external: true },
    );
  },
};

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
