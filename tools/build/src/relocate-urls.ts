import { existsSync, statSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';

/** Something that code of the bundle reaches by URL at run time. */
export interface Asset {
  /** Absolute. */
  readonly source: string;
  /** Where it lies in the built service, `/` between names. TypeScript becomes JavaScript. */
  readonly target: string;
  /** `entry`: code, to be bundled on its own (a worker, a child process). `copy`: a file or folder as it is. */
  readonly kind: 'entry' | 'copy';
}

export interface Layout {
  /** Absolute path of the workspace. */
  readonly workspace: string;
  /** Absolute path of the service's folder. */
  readonly service: string;
}

/** What the rewritten URLs are relative to: the root of the built service, which each bundle declares for itself. */
export const ROOT = '__serviceRoot';

const RELATIVE_URL = /new URL\(\s*(['"])(\.{1,2}\/[^'"]*)\1\s*,\s*import\.meta\.url\s*,?\s*\)/g;

/**
 * Rewrites every `new URL('./x', import.meta.url)` of a module, which would point elsewhere once the module is part of
 * a bundle, to the place that its target gets in the built service. Throws when the target does not exist.
 */
export function relocateUrls(
  module: string,
  code: string,
  layout: Layout,
): { code: string; assets: Asset[] } {
  const assets: Asset[] = [];
  const rewritten = code.replaceAll(RELATIVE_URL, (_match, _quote, path: string) => {
    const source = resolve(dirname(module), path);
    if (!existsSync(source)) throw new Error(`${module} names ${path}, which does not exist`);
    const asset = assetOf(source, layout);
    assets.push(asset);
    return `new URL(${JSON.stringify(asset.target + (path.endsWith('/') ? '/' : ''))}, ${ROOT})`;
  });
  return { code: rewritten, assets };
}

/** Files of the service keep their place in it; files of libraries go below `lib/`. */
export function assetOf(source: string, { workspace, service }: Layout): Asset {
  const within = source.startsWith(service + sep);
  const path = (within ? relative(service, source) : `lib/${relative(workspace, source)}`).replaceAll(
    sep,
    '/',
  );
  if (path.startsWith('lib/..')) throw new Error(`${source} lies outside the workspace`);
  const isCode = path.endsWith('.ts') && statSync(source).isFile();
  return isCode
    ? { source, target: path.replace(/\.ts$/, '.js'), kind: 'entry' }
    : { source, target: path, kind: 'copy' };
}
