import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/** nats-server is missing and could not be installed; the message says what to do. */
export class InstallRefused extends Error {}

/** Installs Debian's nats-server as root or by sudo. @throws InstallRefused with the way out. */
export async function installNatsServer(say: (line: string) => void, missing: string): Promise<void> {
  const elevate = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (!existsSync('/usr/bin/apt-get')) throw new InstallRefused(missing);
  say('nats-server is missing: installing it with apt-get …');
  const install = [...elevate, 'apt-get', 'install', '-y', '--no-install-recommends', 'nats-server'];
  if ((await quietly(install)) === '') return;
  // A machine that has never fetched package lists knows no package yet.
  await quietly([...elevate, 'apt-get', 'update']);
  const refusal = await quietly(install);
  if (refusal === '') return;
  throw new InstallRefused(`${missing}\n\nInstalling it here was refused: ${install.join(' ')}\n${refusal}`);
}

/** Empty on success, otherwise the last lines that the command printed. */
function quietly([command = '', ...args]: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (printed += text.toString()));
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) =>
      resolve(code === 0 ? '' : printed.trim().split('\n').slice(-4).join('\n') || `exit ${code}`),
    );
  });
}
