import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually, temporaryDirectory } from '@plumbline/testing';

/**
 * Tells its launcher's process, and then how many SIGINTs came before the SIGTERM that it sends the launcher at the first
 * and the launcher forwards.
 */
const COUNTER = `
  let count = 0;
  process.on('SIGINT', () => {
    count += 1;
    if (count === 1) for (const signal of ['SIGTERM', 'SIGCONT']) process.kill(process.ppid, signal);
  });
  process.on('SIGTERM', () => { console.log('signals: ' + count); process.exit(0); });
  setInterval(() => undefined, 1000);
  console.log('launcher: ' + process.ppid + ';');
`;
const LAUNCH = 'tools/node.mjs';
const hasScript = spawnSync('script', ['--version']).status === 0;

async function counter(): Promise<string> {
  const path = join(await temporaryDirectory(), 'counter.mjs');
  await writeFile(path, COUNTER);
  return path;
}

/** Signals of a process that has not taken one yet are one, so that what it forwards counts only when it is late. */
async function hold(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await eventually(() => readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') T '));
}

describe('a script under tools/node.mjs', () => {
  (hasScript ? it : it.skip)('gets one SIGINT for one Ctrl-C in a terminal', async () => {
    // The shell that stays keeps "script" from stopping with the launcher.
    const command = `${process.execPath} ${LAUNCH} ${await counter()}; true`;
    const terminal = spawn('script', ['-qec', command, '/dev/null']);
    let output = '';
    terminal.stdout.on('data', (chunk) => (output += String(chunk)));
    const [, launcher] = await eventually(() => /launcher: (\d+);/.exec(output));
    await hold(Number(launcher));
    terminal.stdin.write('\x03');
    await once(terminal, 'close');
    expect(output).toContain('signals: 1');
  });

  it('gets a SIGINT that is sent to its launcher without a terminal', async () => {
    const launcher = spawn(process.execPath, [LAUNCH, await counter()], { detached: true });
    let output = '';
    launcher.stdout.on('data', (chunk) => (output += String(chunk)));
    await eventually(() => output.includes('launcher: '));
    launcher.kill('SIGINT');
    await once(launcher, 'close');
    expect(output).toContain('signals: 1');
  });
});
