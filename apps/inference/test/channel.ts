import { Socket } from 'node:net';
import { encodeFrame, FrameReader } from '../src/engine/frames.ts';
import type { ToRunner } from '../src/engine/protocol.ts';
import { unpackRequest } from '../src/engine/runner-frames.ts';

/** The channel of a runner process that tests write by hand. */
const socket = new Socket({ fd: 3 });
socket.on('error', () => process.exit());
socket.on('close', () => process.exit());

export function onRequest(take: (message: ToRunner) => void): void {
  const reader = new FrameReader();
  socket.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) take(unpackRequest(frame));
  });
}

export function answer(head: object, body = new Uint8Array()): void {
  for (const part of encodeFrame(head, [body])) socket.write(part);
}

export function write(bytes: Uint8Array): void {
  socket.write(bytes);
}
