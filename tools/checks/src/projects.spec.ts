import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');

interface Project {
  readonly folder: string;
  readonly tags: readonly string[];
}

function read(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<string, unknown>;
}

/** Every package of the workspace; each is an Nx project. */
const projects = (read('package.json')['workspaces'] as string[])
  .flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: root }))
  .map((path): Project => {
    const { nx } = read(path) as { nx?: { tags?: string[] } };
    return { folder: dirname(path), tags: nx?.tags ?? [] };
  });

/** Which types and scopes a folder's projects may have. Serialised ONNX is a file format: the algorithms may know it. */
const RULES: readonly (readonly [folder: RegExp, type: string, scope: RegExp])[] = [
  [/^apps\/e2e$/, 'testing', /^e2e$/],
  [/^apps\//, 'app', /^[a-z-]+$/],
  [/^libs\/contracts\/onnx$/, 'pure', /^shared$/],
  [/^libs\/contracts\//, 'contract', /^shared$/],
  [/^libs\/(platform\/|client$)/, 'platform', /^shared$/],
  [/^libs\/facades\//, 'facade', /^[a-z-]+$/],
  [/^libs\/pure\//, 'pure', /^shared$/],
  [/^libs\/testing$/, 'testing', /^shared$/],
  [/^tools\//, 'tool', /^tools$/],
];

const valuesOf = ({ tags }: Project, dimension: string): string[] =>
  tags.flatMap((tag) => (tag.startsWith(`${dimension}:`) ? [tag.slice(dimension.length + 1)] : []));

describe('the projects of the workspace', () => {
  it('are found', () => {
    expect(projects.length).toBeGreaterThan(40);
  });

  it.each(projects)('$folder has one scope and one type', (project) => {
    const [, type, scope] = RULES.find(([folder]) => folder.test(project.folder)) ?? [];
    expect(project.tags).toHaveLength(2);
    expect(valuesOf(project, 'type')).toEqual([type]);
    expect(valuesOf(project, 'scope')).toEqual([expect.stringMatching(scope ?? /^$/)]);
  });

  it('belong to their own scope where they are services', () => {
    for (const project of projects.filter(({ folder }) => folder.startsWith('apps/'))) {
      expect(valuesOf(project, 'scope')).toEqual([project.folder.slice('apps/'.length)]);
    }
  });
});
