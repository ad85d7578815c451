import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { ModelFile, VerifiedFile } from '../domain/runners/runner.ts';
import { inlineExternalData } from './external-data.ts';
import { UnsupportedModel } from './onnx-session.ts';
import { sizeOf } from './size-of.ts';

/** What a serialised model may have at most, and what is read of one file at once. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** A file has another content than when it was verified. */
export class ChangedFile extends Error {
  override readonly name = 'ChangedFile';
}

/** The model names a file that its version does not have. */
export class AbsentFile extends Error {
  override readonly name = 'AbsentFile';
}

/**
 * The whole model, with the external data that lies in files beside it: the bytes that are returned are the ones that
 * were verified.
 * @throws ChangedFile, AbsentFile, UnsafeModel, UnsupportedModel for more bytes than a model may have, WireError.
 */
export function readModel(file: ModelFile): Buffer<ArrayBuffer> {
  const model = readVerified(file, 'the file');
  const files = new Map<string, Buffer<ArrayBuffer>>();
  let whole: Buffer<ArrayBuffer> | undefined;
  try {
    whole = inlined(file, model, files);
    return whole;
  } finally {
    for (const content of [model, ...files.values()]) if (content !== whole) free(content);
  }
}

/** @param files filled with what is read, by path. */
function inlined(
  file: ModelFile,
  model: Buffer<ArrayBuffer>,
  files: Map<string, Buffer<ArrayBuffer>>,
): Buffer<ArrayBuffer> {
  const fileOf = (path: string): Buffer => {
    const content = files.get(path) ?? readBeside(file, path);
    files.set(path, content);
    checkSize(model.length + [...files.values()].reduce((sum, { length }) => sum + length, 0));
    return content;
  };
  const parts = inlineExternalData(model, fileOf);
  if (files.size === 0) return model;
  checkSize(sizeOf(parts));
  return Buffer.concat(parts);
}

/** Gives a file's bytes back at once: an idle thread may not collect for long. */
export function free({ buffer, byteLength }: Buffer<ArrayBuffer>): void {
  // A small file shares its buffer with others.
  if (buffer.byteLength === byteLength) buffer.transfer(0);
}

function readBeside({ beside }: ModelFile, path: string): Buffer<ArrayBuffer> {
  const file = beside?.find(({ name }) => name === path);
  if (file === undefined) {
    throw new AbsentFile(`the model has data in ${JSON.stringify(path)}, which its version does not have`);
  }
  return readVerified(file, path);
}

function readVerified({ path, digest }: VerifiedFile, name: string): Buffer<ArrayBuffer> {
  const descriptor = openSync(path, 'r');
  try {
    checkSize(fstatSync(descriptor).size);
    const content = readFileSync(descriptor);
    if (`sha256:${createHash('sha256').update(content).digest('hex')}` === digest) return content;
    throw new ChangedFile(`${name} changed since it was verified`);
  } finally {
    closeSync(descriptor);
  }
}

function checkSize(sizeBytes: number): void {
  if (sizeBytes <= MAX_MODEL_BYTES) return;
  throw new UnsupportedModel(
    `the model has ${sizeBytes} bytes; ${MAX_MODEL_BYTES} are taken, its data included`,
  );
}
