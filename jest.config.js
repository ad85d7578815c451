// One Jest for the whole workspace: `npm test` runs all of it, `nx test <project>` one folder of it.
// Specs beside their source are unit tests; specs under a project's test/ folder may use the real Postgres and
// nats-server that the global set-up starts (or DATABASE_URL and NATS_URL name).
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testMatch: ['<rootDir>/{apps,libs,tools}/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/out/', '/.plumbline/'],
  modulePathIgnorePatterns: ['/dist/', '/out/', '/.plumbline/'],
  globalSetup: '<rootDir>/libs/testing/src/jest-global-setup.ts',
  globalTeardown: '<rootDir>/libs/testing/src/jest-global-teardown.ts',
  // A bound for what hangs: no property of a test may rest on how fast the machine is.
  testTimeout: 600_000,
  maxWorkers: 2,
};
