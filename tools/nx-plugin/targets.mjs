// Infers the same targets for every project from its package.json, so that no project repeats them:
// lint, typecheck and test everywhere; serve and build for apps.
import { dirname } from 'node:path';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const NODE = 'node tools/node.mjs';
const JEST = `${NODE} --experimental-vm-modules node_modules/jest/bin/jest.js`;
const inputs = ['production', '^production', 'sharedGlobals'];

function targets(root, isApp, workspaceRoot) {
  const run = (command, extra) => ({
    executor: 'nx:run-commands',
    options: { command, cwd: '{workspaceRoot}' },
    ...extra,
  });
  const all = {
    lint: run(`${NODE} node_modules/eslint/bin/eslint.js ${root}`, {
      cache: true,
      inputs: ['default', '^production'],
    }),
    typecheck: run(`${NODE} node_modules/typescript/bin/tsc --noEmit -p tsconfig.json`, {
      cache: true,
      inputs,
    }),
    test: run(`${JEST} ${root}/`, { cache: false }),
  };
  if (!isApp || !existsSync(join(workspaceRoot, root, 'src/main.ts'))) return all;
  return {
    ...all,
    serve: run(`${NODE} ${root}/src/main.ts`, { cache: false }),
    build: run(`${NODE} tools/build/src/main.ts ${root}`, {
      cache: true,
      inputs,
      outputs: [`{workspaceRoot}/dist/${root}`],
    }),
  };
}

export const createNodesV2 = [
  '{apps,libs,tools}/**/package.json',
  (files, _options, context) =>
    files
      .filter((file) => !file.includes('/files/'))
      .map((file) => {
        const root = dirname(file);
        return [
          file,
          {
            projects: {
              [root]: { root, targets: targets(root, root.startsWith('apps/'), context.workspaceRoot) },
            },
          },
        ];
      }),
];
