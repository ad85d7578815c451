// Lint carries the house rules of docs/architecture.md: project boundaries, the layer arrows inside a service,
// and import cycles. Formatting is prettier's alone.
import nx from '@nx/eslint-plugin';
import importX from 'eslint-plugin-import-x';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const CORE = ['pg', 'nats', '@grpc/grpc-js', 'onnxruntime-node'];

/** Forbids imports from sibling layers: `layer` may not import from any of `above`. */
const layer = (name, above, packages = []) => ({
  files: [`apps/*/src/${name}/**/*.ts`],
  ignores: ['**/*.spec.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...above.map((other) => ({
            group: [`**/${other}/**`, `../${other}`, `../${other}.ts`],
            message: `${name} may not import ${other}: data flows main → server → (service | events) → domain → store.`,
          })),
          ...packages.map((group) => ({
            group: [group, `${group}/**`],
            message: `${name} may not import ${group}.`,
          })),
        ],
      },
    ],
  },
});

/** Folders of a domain, each of which may import from those before it; the files beside them come before all. */
const ordered = (domain, folders) => ({
  files: [`${domain}/**/*.ts`],
  ignores: ['**/*.spec.ts'],
  plugins: { 'import-x': importX },
  rules: {
    'import-x/no-restricted-paths': [
      'error',
      {
        zones: ['*.ts', ...folders.slice(0, -1)].map((earlier, at) => ({
          target: `./${domain}/${earlier}`,
          from: folders.slice(at).map((later) => `./${domain}/${later}`),
          message: `${earlier} comes before it: ${folders.join(' → ')}.`,
        })),
      },
    ],
  },
});

export default tseslint.config(
  {
    ignores: [
      '**/node_modules',
      '**/dist',
      '**/generated',
      'out',
      '.nx',
      '.plumbline',
      'tools/generators/files',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@nx': nx, 'import-x': importX },
    settings: {
      'import-x/resolver': { node: { extensions: ['.ts', '.js'] } },
      'import-x/extensions': ['.ts'],
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['describe', 'it', 'test'], package: 'node:test' },
          ],
        },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/only-throw-error': 'error',
      'no-console': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: 'error',
      'import-x/no-cycle': ['error', { maxDepth: 8, ignoreExternal: true }],
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts', 'tools/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/test/**'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          enforceBuildableLibDependency: false,
          banTransitiveDependencies: false,
          // The graph does not tell specs, which may import testing, from the code that testing builds on.
          ignoredCircularDependencies: [['*', '@plumbline/testing']],
          depConstraints: [
            {
              sourceTag: 'type:app',
              onlyDependOnLibsWithTags: ['type:facade', 'type:contract', 'type:platform', 'type:pure'],
            },
            {
              sourceTag: 'type:facade',
              onlyDependOnLibsWithTags: ['type:contract', 'type:platform', 'type:pure'],
            },
            {
              sourceTag: 'type:platform',
              onlyDependOnLibsWithTags: ['type:contract', 'type:platform', 'type:pure'],
            },
            {
              sourceTag: 'type:contract',
              onlyDependOnLibsWithTags: ['type:contract'],
              bannedExternalImports: CORE,
            },
            { sourceTag: 'type:pure', onlyDependOnLibsWithTags: ['type:pure'], bannedExternalImports: CORE },
            { sourceTag: 'type:testing', notDependOnLibsWithTags: ['type:app'] },
            { sourceTag: 'type:tool', notDependOnLibsWithTags: ['type:app'] },
          ],
        },
      ],
    },
  },
  layer('service', ['store', 'upstream', 'events', 'server', 'main', 'config'], ['pg', 'nats']),
  layer('events', ['store', 'upstream', 'service', 'server', 'main', 'config'], ['pg', 'nats']),
  layer('messages', ['store', 'upstream', 'service', 'events', 'server', 'main', 'config'], ['pg', 'nats']),
  layer(
    'domain',
    [
      ...['messages', 'codec', 'engine', 'jobs', 'store', 'upstream'],
      ...['service', 'events', 'server', 'main', 'config'],
    ],
    [
      'pg',
      'nats',
      '@grpc/grpc-js',
      '@plumbline/contract-*',
      '@plumbline/rpc',
      '@plumbline/sql',
      '@plumbline/events',
      '@bufbuild/protobuf',
    ],
  ),
  ordered('apps/inference/src/domain', [
    ...['runners', 'settings', 'loading', 'batching', 'versions', 'repository', 'serving'],
  ]),
  layer('engine', ['store', 'upstream', 'service', 'events', 'server', 'main', 'config'], ['pg', 'nats']),
  layer('upstream', ['service', 'events', 'server', 'main', 'config'], ['pg', 'nats']),
  layer('store', ['service', 'events', 'upstream', 'server', 'main', 'config'], ['nats', '@grpc/grpc-js']),
  {
    files: ['libs/pure/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['node:fs*', 'node:net', 'node:http*', 'node:child_process', 'node:worker_threads'],
              message: 'pure libraries do no I/O.',
            },
          ],
        },
      ],
    },
  },
  { files: ['tools/**/*.ts', 'apps/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.spec.ts', '**/test/**/*.ts'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { globals: { console: 'readonly', process: 'readonly' } },
  },
  prettier,
);
