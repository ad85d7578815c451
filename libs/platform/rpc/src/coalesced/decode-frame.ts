import { FieldReader, WireError } from '@plumbline/wire';
import { MetadataMap, asBuffer } from '../context/metadata.ts';
import { rpcErrors } from '../errors.ts';
import { MAX_METADATA_ENTRIES, MAX_READ_ITEMS } from './frame-limits.ts';
import { EMPTY_ANSWER, EMPTY_CALL, type AnswerFrame, type CallItem, type ReceivedAnswer } from './items.ts';
import { ReceivedMetadata } from './received-metadata.ts';

const EMPTY_RECEIVED: ReceivedAnswer = { ...EMPTY_ANSWER, trailers: undefined };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads plumbline.common.v1.ExchangeRequest. Payloads are views of `frame`.
 *
 * @throws ServiceError MALFORMED_MESSAGE, TOO_MANY_ELEMENTS
 */
export function decodeCalls(frame: Buffer): CallItem[] {
  return decode(() => {
    const items: CallItem[] = [];
    const reader = new FieldReader(frame);
    while (reader.next()) {
      if (reader.field === 1) append(items, readCall(reader.message()));
      else reader.skip();
    }
    return items;
  });
}

/** Reads plumbline.common.v1.ExchangeResponse. Payloads are views of `frame`. @throws as decodeCalls */
export function decodeAnswers(frame: Buffer): AnswerFrame {
  return decode(() => {
    const items: ReceivedAnswer[] = [];
    let draining = false;
    const reader = new FieldReader(frame);
    while (reader.next()) {
      if (reader.field === 1) append(items, readAnswer(frame, reader.message()));
      else if (reader.field === 2) draining = reader.bool();
      else reader.skip();
    }
    return { items, draining };
  });
}

function decode<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WireError || error instanceof TypeError)) throw error;
    throw rpcErrors.MALFORMED_MESSAGE(`a message of the coalesced stream cannot be read: ${error.message}`);
  }
}

function append<T>(items: T[], item: T): void {
  if (items.length >= MAX_READ_ITEMS)
    throw rpcErrors.TOO_MANY_ELEMENTS(`more than ${MAX_READ_ITEMS} items in one message`);
  items.push(item);
}

function readCall(reader: FieldReader): CallItem {
  const item: Mutable<CallItem> = { ...EMPTY_CALL };
  while (reader.next()) readCallField(reader, item);
  return item;
}

function readCallField(reader: FieldReader, item: Mutable<CallItem>): void {
  switch (reader.field) {
    case 1:
      item.callId = reader.uint32();
      return;
    case 2:
      item.cancel = reader.bool();
      return;
    case 3:
      item.method = reader.string();
      return;
    case 4:
      item.timeoutMs = reader.uint32();
      return;
    case 5:
      item.tenant = reader.string();
      return;
    case 6:
      item.caller = reader.string();
      return;
    case 7:
      item.requestId = reader.string();
      return;
    case 8:
      item.traceparent = reader.string();
      return;
    case 9:
      item.metadata = addMetadata(item.metadata, reader.message());
      return;
    case 10:
      item.payload = asBuffer(reader.bytes());
      return;
    default:
      reader.skip();
  }
}

function readAnswer(frame: Buffer, reader: FieldReader): ReceivedAnswer {
  const item: Mutable<ReceivedAnswer> = { ...EMPTY_RECEIVED };
  while (reader.next()) readAnswerField(frame, reader, item);
  return item;
}

function readAnswerField(frame: Buffer, reader: FieldReader, item: Mutable<ReceivedAnswer>): void {
  switch (reader.field) {
    case 1:
      item.callId = reader.uint32();
      return;
    case 2:
      item.code = reader.uint32();
      return;
    case 3:
      item.statusDetails = asBuffer(reader.bytes());
      return;
    case 4:
      item.trailers ??= new ReceivedMetadata(frame);
      checkRoom(item.trailers);
      item.trailers.add(reader.message());
      return;
    case 5:
      item.payload = asBuffer(reader.bytes());
      return;
    default:
      reader.skip();
  }
}

function checkRoom(metadata: { readonly size: number }): void {
  if (metadata.size >= MAX_METADATA_ENTRIES) {
    throw rpcErrors.TOO_MANY_ELEMENTS(`more than ${MAX_METADATA_ENTRIES} metadata entries in one item`);
  }
}

function addMetadata(metadata: MetadataMap | undefined, reader: FieldReader): MetadataMap {
  const map = metadata ?? new MetadataMap();
  checkRoom(map);
  let name = '';
  let value: Uint8Array = new Uint8Array();
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) value = reader.bytes();
    else reader.skip();
  }
  map.set(name, name.endsWith('-bin') ? value : asBuffer(value).toString('latin1'));
  return map;
}
