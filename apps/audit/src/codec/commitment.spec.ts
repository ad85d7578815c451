import { describe, expect, it } from '@jest/globals';
import { create, toBinary } from '@bufbuild/protobuf';
import { CommitmentSchema, RecordKind } from '@plumbline/contract-audit';
import { ServiceError } from '@plumbline/errors';
import fc from 'fast-check';
import { readCommitment } from './commitment.ts';

const digest = fc.uint8Array({ maxLength: 40 });
const commitments = fc
  .record({
    eventId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    kind: fc.constantFrom(RecordKind.PREDICTION, RecordKind.REFUSAL, RecordKind.SHADOW, RecordKind.DECISION),
    tenantSha256: digest,
    requestSha256: digest,
    payloadSha256: digest,
    answerSha256: digest,
    modelSha256: digest,
    atUs: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  })
  .map((fields) => create(CommitmentSchema, fields));

describe('reading a commitment', () => {
  it('finds what the protobuf library encoded, as views into the bytes', () => {
    fc.assert(
      fc.property(commitments, (message) => {
        const bytes = toBinary(CommitmentSchema, message);
        const read = readCommitment(bytes);
        expect(read).toMatchObject({ kind: RecordKind[message.kind], atUs: message.atUs, bytes });
        expect([...read.eventId]).toEqual([...message.eventId]);
        expect([...read.tenantDigest]).toEqual([...message.tenantSha256]);
        expect([...read.requestDigest]).toEqual([...message.requestSha256]);
        expect([...read.payloadDigest]).toEqual([...message.payloadSha256]);
        expect([...read.answerDigest]).toEqual([...message.answerSha256]);
        expect([...read.modelDigest]).toEqual([...message.modelSha256]);
        expect(read.eventId.buffer).toBe(bytes.buffer);
      }),
    );
  });

  it('refuses unknown fields, repeated fields and unknown kinds', () => {
    const valid = Buffer.from(
      toBinary(CommitmentSchema, create(CommitmentSchema, { kind: RecordKind.SHADOW })),
    );
    const refused = (bytes: Uint8Array) => () => readCommitment(bytes);
    expect(readCommitment(valid).kind).toBe('SHADOW');
    expect(refused(Buffer.concat([valid, valid]))).toThrow('repeats field 2');
    expect(refused(Buffer.concat([valid, Buffer.of(0x78, 1)]))).toThrow('unknown field 15');
    expect(refused(Buffer.of(0x10, 77))).toThrow('no known kind');
    expect(refused(Buffer.alloc(0))).toThrow('no known kind');
  });

  it('answers any bytes with a commitment or INVALID_RECORD, never with another error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          readCommitment(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
          expect((error as ServiceError).reason).toBe('INVALID_RECORD');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
