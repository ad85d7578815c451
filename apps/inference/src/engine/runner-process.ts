import { readFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { EXCHANGED_FROM_BYTES, fetchPlacedSync, placeSync } from './exchange.ts';
import { BufferPool } from './buffer-pool.ts';
import { encodeFrame, FrameReader, type Frame } from './frames.ts';
import { startThread } from './idle-threads.ts';
import { lowerPriority } from './lower-priority.ts';
import type { FromRunner } from './protocol.ts';
import { packAnswer, unpackRequest } from './runner-frames.ts';
import { sizeOf } from './size-of.ts';
import { THREAD_ENTRY } from './thread-link.ts';

// The entry of a runner process. The model runs on a thread of it, so that this one stays awake: it carries messages,
// and ends the process at once when the service is gone or the memory bound is passed, whatever the model is doing.

const CHANNEL = 3;
const EXCHANGE = 4;
const STDERR = 2;
const MEMORY_LOOK_MS = 20;
const PAGE_KIB = 4;
const KEPT_BYTES = 64 * 2 ** 20;

/** What the head of a run says of its body. */
interface Placed {
  readonly id?: number;
  readonly bufferBytes?: number;
  readonly position?: number;
  readonly placedBytes?: number;
}

const [heapMiB = 0, memoryMiB = 0, niceness = 0] = process.argv.slice(2).map(Number);

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

/** Where a run's inputs lie in the exchange, and its outputs may. */
const positions = new Map<number, number>();
const pool = new BufferPool(KEPT_BYTES);

function bodyOf({ head, body }: Frame): ArrayBuffer {
  const { id, bufferBytes, position, placedBytes } = head as Placed;
  if (id !== undefined && position !== undefined) positions.set(id, position);
  if (bufferBytes === undefined || position === undefined || placedBytes === undefined) return body;
  const buffer = pool.take(bufferBytes);
  fetchPlacedSync(EXCHANGE, new Uint8Array(buffer, 0, placedBytes), position);
  return buffer;
}

lowerPriority(niceness);
const channel = new Socket({ fd: CHANNEL });
const thread = startThread({ entry: THREAD_ENTRY, heapMiB, niceness });
const reader = new FrameReader();

channel.on('data', (chunk: Buffer) => {
  for (const frame of reader.push(chunk)) {
    const message = unpackRequest({ ...frame, body: bodyOf(frame) });
    thread.postMessage(message, message.kind === 'run' ? [message.buffer] : []);
  }
});
channel.on('error', () => die(''));
channel.on('close', () => die(''));
thread.on('message', (message: FromRunner) => {
  const measured = message.kind === 'opened' ? { ...message, memoryBytes: memoryBytes() } : message;
  const { head, body } = packAnswer(measured);
  const position = message.kind === 'ran' ? positions.get(message.id) : undefined;
  if (message.kind === 'ran' || message.kind === 'failed') positions.delete(message.id);
  const sizeBytes = sizeOf(body);
  const placed =
    position !== undefined && sizeBytes >= EXCHANGED_FROM_BYTES && placeSync(EXCHANGE, body, position);
  const frame = placed ? encodeFrame({ ...head, placedBytes: sizeBytes }, []) : encodeFrame(head, body);
  for (const part of frame) channel.write(part);
  // What was not placed is still being written.
  if (placed && message.kind === 'ran')
    message.outputs.forEach(({ raw }) => pool.give(raw.buffer as ArrayBuffer));
});
thread.on('error', (error) => die(`its thread failed: ${String(error)}`));
thread.on('exit', () => die('its thread ended'));
// Meant for the service, which ends this process when it has drained.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
setInterval(checkMemory, MEMORY_LOOK_MS);
