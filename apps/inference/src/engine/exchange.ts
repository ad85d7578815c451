import { closeSync, ftruncate, openSync, read, readSync, unlinkSync, writev, writevSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FrameError, MAX_BODY_BYTES } from './frames.ts';
import { sizeOf } from './size-of.ts';

const readAsync = promisify(read);
const writevAsync = promisify(writev);
const ftruncateAsync = promisify(ftruncate);

/** Bodies from this size on are exchanged: a socket moves them in many small pieces, ten times as slowly. */
export const EXCHANGED_FROM_BYTES = 64 * 1024;
const MAX_SLOTS = 16;
/** Memory, where there is such a folder. */
const FOLDERS = ['/dev/shm', tmpdir()];

/** What a run has while it is under way. */
export interface Slot {
  /** Where in the exchange its inputs lie, and its outputs may. */
  readonly position: number;
  /** The batch's buffer, which nobody else holds any more: room for its outputs. */
  readonly buffer: ArrayBuffer;
}

/** The places of an exchange by run. */
export class ExchangeSlots {
  readonly #free = Array.from({ length: MAX_SLOTS }, (_, slot) => slot * MAX_BODY_BYTES);
  readonly #taken = new Map<number, Slot>();

  /** Whether no run has a place. */
  get free(): boolean {
    return this.#taken.size === 0;
  }

  /** First the place that was left last, whose memory is there already; undefined where all are taken. */
  take(run: number, buffer: ArrayBuffer): Slot | undefined {
    const position = this.#free.shift();
    if (position === undefined) return undefined;
    const slot = { position, buffer };
    this.#taken.set(run, slot);
    return slot;
  }

  of(run: number): Slot | undefined {
    return this.#taken.get(run);
  }

  release(run: number): void {
    const slot = this.#taken.get(run);
    if (slot === undefined) return;
    this.#taken.delete(run);
    this.#free.unshift(slot.position);
  }
}

/** Opens a file without a name for this process and one that it starts; undefined where no folder can be written. */
export function openExchange(): number | undefined {
  for (const folder of FOLDERS) {
    const path = join(folder, `plumbline-${randomUUID()}`);
    try {
      const exchange = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      return exchange;
    } catch {
      continue;
    }
  }
  return undefined;
}

export function closeExchange(exchange: number): void {
  closeSync(exchange);
}

/** Gives the memory of all places back. Nothing may be placed or fetched meanwhile. Resolves to false where it stays. */
export async function emptyExchange(exchange: number): Promise<boolean> {
  try {
    await ftruncateAsync(exchange, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves to false where there is no room: then the parts must go another way. */
export async function place(
  exchange: number,
  parts: readonly Uint8Array[],
  position: number,
): Promise<boolean> {
  try {
    const { bytesWritten } = await writevAsync(exchange, [...parts], position);
    return bytesWritten === sizeOf(parts);
  } catch {
    return false;
  }
}

/** As `place`, at once. */
export function placeSync(exchange: number, parts: readonly Uint8Array[], position: number): boolean {
  try {
    return writevSync(exchange, [...parts], position) === sizeOf(parts);
  } catch {
    return false;
  }
}

/** Fills `target` with what lies there. @throws FrameError where that is less. */
export async function fetchPlaced(exchange: number, target: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < target.length;) {
    at += checkRead((await readAsync(exchange, target, at, target.length - at, position + at)).bytesRead);
  }
}

/** As `fetchPlaced`, at once. */
export function fetchPlacedSync(exchange: number, target: Uint8Array, position: number): void {
  for (let at = 0; at < target.length;) {
    at += checkRead(readSync(exchange, target, at, target.length - at, position + at));
  }
}

function checkRead(bytesRead: number): number {
  if (bytesRead === 0) throw new FrameError('fewer bytes were placed than announced');
  return bytesRead;
}
