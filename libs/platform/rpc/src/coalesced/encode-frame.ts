import type { MetadataMap, MetadataValue } from '../context/metadata.ts';
import { FrameWriter, bytesSize, lengthDelimitedSize, textSize, uint32Size } from './frame-writer.ts';
import type { AnswerItem, CallItem } from './items.ts';
import type { Sized } from './sized-item.ts';

export const sizedCall = (item: CallItem): Sized<CallItem> => ({ item, sizeBytes: callSize(item) });
export const sizedAnswer = (item: AnswerItem): Sized<AnswerItem> => ({ item, sizeBytes: answerSize(item) });

/** Serialises plumbline.common.v1.ExchangeRequest. */
export function encodeCalls(calls: readonly Sized<CallItem>[]): Buffer {
  const writer = new FrameWriter(totalSize(calls));
  for (const { item, sizeBytes } of calls) {
    writer.open(1, sizeBytes);
    writeCall(writer, item);
  }
  return writer.buffer;
}

/** Serialises plumbline.common.v1.ExchangeResponse. */
export function encodeAnswers(answers: readonly Sized<AnswerItem>[], draining: boolean): Buffer {
  const writer = new FrameWriter(totalSize(answers) + uint32Size(Number(draining)));
  for (const { item, sizeBytes } of answers) {
    writer.open(1, sizeBytes);
    writeAnswer(writer, item);
  }
  writer.uint32(2, Number(draining));
  return writer.buffer;
}

const totalSize = (items: readonly Sized<unknown>[]): number =>
  items.reduce((total, { sizeBytes }) => total + lengthDelimitedSize(sizeBytes), 0);

function callSize(item: CallItem): number {
  return (
    uint32Size(item.callId) +
    uint32Size(Number(item.cancel)) +
    textSize(item.method) +
    uint32Size(item.timeoutMs) +
    textSize(item.tenant) +
    textSize(item.caller) +
    textSize(item.requestId) +
    textSize(item.traceparent) +
    metadataSize(item.metadata) +
    bytesSize(item.payload)
  );
}

function writeCall(writer: FrameWriter, item: CallItem): void {
  writer.uint32(1, item.callId);
  writer.uint32(2, Number(item.cancel));
  writer.text(3, item.method);
  writer.uint32(4, item.timeoutMs);
  writer.text(5, item.tenant);
  writer.text(6, item.caller);
  writer.text(7, item.requestId);
  writer.text(8, item.traceparent);
  writeMetadata(writer, 9, item.metadata);
  writer.bytes(10, item.payload);
}

function answerSize(item: AnswerItem): number {
  return (
    uint32Size(item.callId) +
    uint32Size(item.code) +
    bytesSize(item.statusDetails) +
    metadataSize(item.trailers) +
    bytesSize(item.payload)
  );
}

function writeAnswer(writer: FrameWriter, item: AnswerItem): void {
  writer.uint32(1, item.callId);
  writer.uint32(2, item.code);
  writer.bytes(3, item.statusDetails);
  writeMetadata(writer, 4, item.trailers);
  writer.bytes(5, item.payload);
}

/** Names, and values that are text, are ASCII: as many bytes as characters. */
const entrySize = (name: string, value: MetadataValue): number =>
  lengthDelimitedSize(name.length) + (value.length === 0 ? 0 : lengthDelimitedSize(value.length));

function metadataSize(metadata: MetadataMap | undefined): number {
  if (metadata === undefined) return 0;
  let size = 0;
  metadata.forEach((name, value) => {
    size += lengthDelimitedSize(entrySize(name, value));
  });
  return size;
}

function writeMetadata(writer: FrameWriter, field: number, metadata: MetadataMap | undefined): void {
  metadata?.forEach((name, value) => {
    writer.open(field, entrySize(name, value));
    writer.text(1, name);
    if (typeof value === 'string') writer.text(2, value);
    else writer.bytes(2, value);
  });
}
