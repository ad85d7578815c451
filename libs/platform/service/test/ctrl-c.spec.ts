import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually, temporaryDirectory } from '@plumbline/testing';

/** Says how many SIGINTs came until a moment after the first. */
const COUNTER = `
  let count = 0;
  process.on('SIGINT', () => { count += 1; setTimeout(() => { console.log('signals: ' + count); process.exit(0); }, 300); });
  setInterval(() => undefined, 1000);
  console.log('up');
`;
const LAUNCH = 'tools/node.mjs';
const hasScript = spawnSync('script', ['--version']).status === 0;

async function counter(): Promise<string> {
  const path = join(await temporaryDirectory(), 'counter.mjs');
  await writeFile(path, COUNTER);
  return path;
}

describe('a script under tools/node.mjs', () => {
  (hasScript ? it : it.skip)('gets one SIGINT for one Ctrl-C in a terminal', async () => {
    const command = `${process.execPath} ${LAUNCH} ${await counter()}`;
    const terminal = spawn('script', ['-qec', command, '/dev/null']);
    let output = '';
    terminal.stdout.on('data', (chunk) => (output += String(chunk)));
    await eventually(() => output.includes('up'));
    terminal.stdin.write('\x03');
    await once(terminal, 'close');
    expect(output).toContain('signals: 1');
  });

  it('gets a SIGINT that is sent to its launcher without a terminal', async () => {
    const launcher = spawn(process.execPath, [LAUNCH, await counter()], { detached: true });
    let output = '';
    launcher.stdout.on('data', (chunk) => (output += String(chunk)));
    await eventually(() => output.includes('up'));
    launcher.kill('SIGINT');
    await once(launcher, 'close');
    expect(output).toContain('signals: 1');
  });
});
