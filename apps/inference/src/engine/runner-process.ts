import { readFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { FrameReader } from './frames.ts';
import type { FromRunner } from './protocol.ts';
import { frameOfAnswer, requestOfFrame } from './runner-frames.ts';
import { startThread } from './idle-threads.ts';
import { THREAD_ENTRY } from './thread-link.ts';

// The entry of a runner process. The model runs on a thread of it, so that this one stays awake: it carries messages,
// and ends the process at once when the service is gone or the memory bound is passed, whatever the model is doing.

const CHANNEL = 3;
const STDERR = 2;
const MEMORY_LOOK_MS = 20;
const PAGE_KIB = 4;

const [heapMiB = 0, memoryMiB = 0] = process.argv.slice(2).map(Number);

function die(why: string): never {
  if (why !== '') writeSync(STDERR, why);
  process.kill(process.pid, 'SIGKILL');
  throw new Error(why);
}

/** The second number of statm: resident pages. */
function checkMemory(): void {
  const pages = Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[1]);
  if (pages * PAGE_KIB > memoryMiB * 1024) die(`it took more than its ${memoryMiB} MiB of memory`);
}

/** Proportional set size: what the machine would get back. */
function memoryBytes(): number {
  const [, kib] = /^Pss:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1')) ?? [];
  return Number(kib) * 1024;
}

const channel = new Socket({ fd: CHANNEL });
const thread = startThread({ entry: THREAD_ENTRY, heapMiB });
const reader = new FrameReader();

channel.on('data', (chunk: Buffer) => {
  for (const frame of reader.push(chunk)) {
    const message = requestOfFrame(frame);
    thread.postMessage(message, message.kind === 'run' ? [message.buffer] : []);
  }
});
channel.on('error', () => die(''));
channel.on('close', () => die(''));
thread.on('message', (message: FromRunner) => {
  const measured = message.kind === 'opened' ? { ...message, memoryBytes: memoryBytes() } : message;
  for (const part of frameOfAnswer(measured)) channel.write(part);
});
thread.on('error', (error) => die(`its thread failed: ${String(error)}`));
thread.on('exit', () => die('its thread ended'));
// Meant for the service, which ends this process when it has drained.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
setInterval(checkMemory, MEMORY_LOOK_MS);
