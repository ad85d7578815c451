import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import {
  ExchangeRequestSchema,
  ExchangeResponseSchema,
  type MetadataEntry,
} from '@plumbline/contract-common';
import { hasReason } from '@plumbline/errors';
import fc from 'fast-check';
import { MetadataMap, type ReadonlyMetadata } from '../context/metadata.ts';
import { decodeAnswers, decodeCalls } from './decode-frame.ts';
import { encodeAnswers, encodeCalls, sizedAnswer, sizedCall } from './encode-frame.ts';
import { EMPTY_ANSWER, EMPTY_CALL, type AnswerItem, type CallItem, type ReceivedAnswer } from './items.ts';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 30 });
const metadata = fc.option(
  fc
    .dictionary(fc.stringMatching(/^[a-z][a-z0-9_.-]{0,12}$/), fc.tuple(ascii, bytes), { maxKeys: 5 })
    .map((entries) => {
      const map = new MetadataMap();
      for (const [name, [string, binary]] of Object.entries(entries)) {
        map.set(name, name.endsWith('-bin') ? binary : string);
        map.set(`${name}-bin`, binary);
      }
      return map.isEmpty ? undefined : map;
    }),
  { nil: undefined },
);

const call: fc.Arbitrary<CallItem> = fc.record({
  callId: uint32,
  cancel: fc.boolean(),
  method: text,
  timeoutMs: uint32,
  tenant: text,
  caller: text,
  requestId: text,
  traceparent: text,
  metadata,
  payload: bytes,
});
const answer: fc.Arbitrary<AnswerItem> = fc.record({
  callId: uint32,
  code: fc.nat(16),
  statusDetails: fc.option(
    fc.uint8Array({ minLength: 1 }).map((array) => Buffer.from(array)),
    { nil: undefined },
  ),
  trailers: metadata,
  payload: bytes,
});

const entriesOf = (map: ReadonlyMetadata | undefined): object[] =>
  [...(map?.entries() ?? [])].map(([name, value]) => ({ name, value: Buffer.from(value) }));
const plainEntries = (entries: readonly MetadataEntry[]): object[] =>
  entries.map(({ name, value }) => ({ name, value: Buffer.from(value) }));

describe('the frames of the coalesced stream', () => {
  it('are, for calls, what protobuf-es reads by the schema', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 5 }), (items) => {
        const decoded = fromBinary(ExchangeRequestSchema, encodeCalls(items.map(sizedCall))).items;
        const plain = decoded.map(({ $typeName: _, metadata: entries, payload, ...rest }) => ({
          ...rest,
          metadata: plainEntries(entries),
          payload: Buffer.from(payload),
        }));
        expect(plain).toEqual(items.map((item) => ({ ...item, metadata: entriesOf(item.metadata) })));
      }),
    );
  });

  it('are, for answers, what protobuf-es reads by the schema', () => {
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 5 }), fc.boolean(), (items, draining) => {
        const decoded = fromBinary(ExchangeResponseSchema, encodeAnswers(items.map(sizedAnswer), draining));
        const plain = decoded.items.map(({ $typeName: _, trailers, payload, statusDetails, ...rest }) => ({
          ...rest,
          trailers: plainEntries(trailers),
          statusDetails: statusDetails.length === 0 ? undefined : Buffer.from(statusDetails),
          payload: Buffer.from(payload),
        }));
        expect(plain).toEqual(items.map((item) => ({ ...item, trailers: entriesOf(item.trailers) })));
        expect(decoded.draining).toBe(draining);
      }),
    );
  });

  it('read back as they were written', () => {
    const comparable = (item: CallItem | AnswerItem | ReceivedAnswer): object => ({
      ...item,
      metadata: entriesOf('metadata' in item ? item.metadata : item.trailers),
      trailers: undefined,
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 5 }), (items) => {
        expect(decodeCalls(encodeCalls(items.map(sizedCall))).map(comparable)).toEqual(items.map(comparable));
      }),
    );
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 5 }), (items) => {
        const { items: read } = decodeAnswers(encodeAnswers(items.map(sizedAnswer), false));
        expect(read.map(comparable)).toEqual(items.map(comparable));
      }),
    );
  });

  it('answer what their trailers say, and keep text and bytes apart', () => {
    const trailers = MetadataMap.from({ 'x-text': 'one', 'x-bytes-bin': Buffer.from([0, 255]) });
    const frame = encodeAnswers([sizedAnswer({ ...EMPTY_ANSWER, trailers })], false);
    const read = decodeAnswers(frame).items[0]?.trailers;
    expect(read?.get('x-text')).toBe('one');
    expect(read?.getBinary('x-bytes-bin')).toEqual(Buffer.from([0, 255]));
    expect(read?.get('x-bytes-bin')).toBeUndefined();
    expect(read?.getBinary('x-text')).toBeUndefined();
    expect(read?.get('x-other')).toBeUndefined();
  });

  it('are read when another implementation writes them, whatever the order of its fields', () => {
    const message = create(ExchangeRequestSchema, { items: [{ callId: 7, method: 'a.B/C', timeoutMs: 5 }] });
    expect(decodeCalls(Buffer.from(toBinary(ExchangeRequestSchema, message)))).toEqual([
      { ...EMPTY_CALL, callId: 7, method: 'a.B/C', timeoutMs: 5 },
    ]);
    expect(decodeAnswers(Buffer.from([0x10, 0x01, 0x0a, 0x02, 0x08, 0x07]))).toEqual({
      items: [{ ...EMPTY_ANSWER, callId: 7 }],
      draining: true,
    });
  });

  it('fail with a reason and nothing else on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        for (const read of [decodeCalls, decodeAnswers]) {
          try {
            read(Buffer.from(noise));
          } catch (error) {
            expect(hasReason(error, 'MALFORMED_MESSAGE')).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are bounded in items and in metadata', () => {
    const items = Array.from({ length: 4_097 }, () => EMPTY_CALL);
    expect(() => decodeCalls(encodeCalls(items.map(sizedCall)))).toThrow(
      expect.objectContaining({ reason: 'TOO_MANY_ELEMENTS' }),
    );
    const many = new MetadataMap();
    for (let index = 0; index < 65; index++) many.set(`name-${index}`, 'x');
    expect(() => decodeCalls(encodeCalls([sizedCall({ ...EMPTY_CALL, metadata: many })]))).toThrow(
      expect.objectContaining({ reason: 'TOO_MANY_ELEMENTS' }),
    );
    expect(() =>
      decodeAnswers(encodeAnswers([sizedAnswer({ ...EMPTY_ANSWER, trailers: many })], false)),
    ).toThrow(expect.objectContaining({ reason: 'TOO_MANY_ELEMENTS' }));
  });
});
