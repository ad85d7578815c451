import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { breakingBase } from './breaking-base.ts';

/**
 * `npm test`: every check that gates a change, one after the other, each as one process over the whole workspace.
 * All of them run even when one fails, so that one run shows everything there is to mend.
 */
interface CheckStep {
  readonly name: string;
  /** Script below node_modules or the repository, then arguments. */
  readonly command: readonly string[];
}

const JEST_REPORT = 'out/jest.json';
const base = breakingBase();

const STEPS: readonly CheckStep[] = [
  { name: 'format', command: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'] },
  // Boundary lint reads the cached project graph and would skip its rule without one.
  { name: 'project graph', command: ['node_modules/nx/dist/bin/nx.js', 'show', 'projects', '--json'] },
  { name: 'lint', command: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings=0'] },
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'] },
  { name: 'protos: lint', command: ['node_modules/@bufbuild/buf/bin/buf', 'lint'] },
  ...(base === undefined
    ? []
    : [
        {
          name: `protos: breaking against ${base}`,
          command: ['node_modules/@bufbuild/buf/bin/buf', 'breaking', '--against', `.git#ref=${base}`],
        },
      ]),
  { name: 'protos: generated code', command: ['tools/checks/src/generate.ts', '--check'] },
  { name: 'reference pages', command: ['tools/checks/src/reference-pages.ts', '--check'] },
  {
    name: 'tests',
    command: [
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
      '--json',
      `--outputFile=${JEST_REPORT}`,
      ...process.argv.slice(2),
    ],
  },
];

mkdirSync('out', { recursive: true });
rmSync(JEST_REPORT, { force: true });
const failed: string[] = [];
for (const step of STEPS) {
  const startedAt = performance.now();
  console.log(`\n── ${step.name}`);
  const status = await run(step.command);
  console.log(
    `   ${status === 0 ? 'ok' : `FAILED (${status})`}, ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`,
  );
  if (status !== 0) failed.push(step.name);
}
console.log(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join(', ')}`);
console.log(testCounts());
process.exitCode = failed.length === 0 ? 0 : 1;

function run(command: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const flags = ['--disable-warning=ExperimentalWarning', ...command];
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', () => resolve(127));
    child.once('exit', (code) => resolve(code ?? 128));
  });
}

/** "812 passed, 0 failed": the closing line, from Jest's own report. */
function testCounts(): string {
  try {
    const report = JSON.parse(readFileSync(JEST_REPORT, 'utf8')) as Record<string, number>;
    const skipped = (report['numPendingTests'] ?? 0) + (report['numTodoTests'] ?? 0);
    const failedTests = (report['numFailedTests'] ?? 0) + (report['numRuntimeErrorTestSuites'] ?? 0);
    return `${report['numPassedTests'] ?? 0} passed, ${failedTests} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  } catch {
    return '0 passed, 1 failed'; // Jest left no report: it did not get to run a test
  }
}
