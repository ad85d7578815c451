import { describe, expect, it } from '@jest/globals';
import { create, toBinary } from '@bufbuild/protobuf';
import { EnvelopeSchema } from '@plumbline/contract-events/plumbline/events/v1/envelope_pb.js';
import fc from 'fast-check';
import { decodeEnvelope, encodeEnvelope, eventOf } from './event.ts';

describe('envelopes', () => {
  it('carry every field of an event unchanged', () => {
    const instantUs = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });
    const events = fc.record({
      id: fc.uuid(),
      tenant: fc.string({ unit: 'grapheme' }),
      type: fc.string(),
      payload: fc.uint8Array(),
      occurredAtUs: instantUs,
      traceparent: fc.string(),
    });
    fc.assert(
      fc.property(events, (event) => {
        const decoded = decodeEnvelope(encodeEnvelope({ ...event, subject: 'plumbline.x' }));
        expect({ ...decoded, payload: [...decoded.payload] }).toEqual({
          ...event,
          payload: [...event.payload],
        });
      }),
    );
  });

  it.each([
    ['no protobuf', Buffer.from('garbage')],
    ['no UUID', toBinary(EnvelopeSchema, create(EnvelopeSchema, { id: '7' }))],
    ['no instant', toBinary(EnvelopeSchema, create(EnvelopeSchema, { id: crypto.randomUUID() }))],
  ])('are refused when there is %s', (_name, bytes) => {
    expect(() => decodeEnvelope(bytes)).toThrow(expect.objectContaining({ reason: 'EVENT_MALFORMED' }));
  });
});

describe('eventOf', () => {
  it('names the message and mints an id for each event', () => {
    const facts = { subject: 'plumbline.x', tenant: 'acme', nowUs: 5n };
    const first = eventOf(EnvelopeSchema, { type: 'a' }, facts);
    expect(first).toMatchObject({ type: 'plumbline.events.v1.Envelope', tenant: 'acme', occurredAtUs: 5n });
    expect(eventOf(EnvelopeSchema, { type: 'a' }, facts).id).not.toBe(first.id);
  });

  it('refuses a message that the stream could not carry', () => {
    const facts = { subject: 'plumbline.x', tenant: 'acme', nowUs: 5n };
    expect(() => eventOf(EnvelopeSchema, { payload: new Uint8Array(950_000) }, facts)).toThrow(
      expect.objectContaining({ reason: 'EVENT_TOO_LARGE' }),
    );
  });
});
