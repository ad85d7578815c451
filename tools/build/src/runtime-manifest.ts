import type { Manifest } from './prune-lockfile.ts';

export interface WorkspaceManifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

export interface RuntimeManifest extends Manifest {
  readonly private: true;
  readonly type: 'module';
  readonly license: string;
  readonly main: string;
  readonly engines: { readonly node: string };
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

/**
 * The package.json of a built service: only what it imports, at the workspace's exact versions. Throws when it imports
 * a package that the workspace holds for development only.
 */
export function runtimeManifest(
  service: string,
  workspace: WorkspaceManifest,
  packages: ReadonlySet<string>,
): RuntimeManifest {
  const dependencies = [...packages].sort().map((name): [string, string] => {
    const version = workspace.dependencies[name];
    if (version === undefined) {
      throw new Error(
        `${service} imports ${name}, which is no runtime dependency of the workspace's package.json`,
      );
    }
    return [name, version];
  });
  return {
    name: `@plumbline/${service}`,
    version: workspace.version,
    private: true,
    type: 'module',
    license: workspace.license,
    main: 'src/main.js',
    engines: { node: '>=24' },
    dependencies: Object.fromEntries(dependencies),
    allowScripts: Object.fromEntries(
      Object.entries(workspace.allowScripts ?? {}).filter(([name]) => packages.has(name)),
    ),
  };
}
