// Runs a script of this repository under the pinned Node, whatever Node the machine has (20 or newer):
//   node tools/node.mjs <script> [args…]
// The pinned Node comes from npm's per-platform package (package.json, optionalDependencies). Where npm has
// none for this platform, a machine Node of at least the pinned major is used.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies } from './install.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = Object.entries(
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies,
);
const pinnedVersion = pinned.find(([name]) => name.startsWith('node-'))[1];

await installDependencies(root);

const bundled = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
const node = existsSync(bundled) && statSync(bundled).isFile() ? bundled : process.execPath;
if (
  node === process.execPath &&
  Number(process.versions.node.split('.')[0]) < Number(pinnedVersion.split('.')[0])
) {
  console.error(
    `Plumbline runs on Node ${pinnedVersion}, and npm has no build of it for ${process.platform}-${process.arch}.\n` +
      `This machine's Node is ${process.versions.node}. Install Node ${pinnedVersion.split('.')[0]} or newer and try again.`,
  );
  process.exit(1);
}

const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  // Scripts are found from the root; relative paths that the caller gives as settings are the caller's.
  env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}`, CALLER_DIRECTORY: process.cwd() },
});
// The child owns the signals; this process only waits, so that Ctrl-C drains instead of orphaning. A terminal sends
// Ctrl-C to both: forwarded, it would reach the child twice, and a second one means to end at once.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
const terminal = hasTerminal();
process.on('SIGINT', () => terminal || child.kill('SIGINT'));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));

/** True where a terminal controls this process, and so the child's too. */
function hasTerminal() {
  if (process.platform === 'win32') return true;
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
