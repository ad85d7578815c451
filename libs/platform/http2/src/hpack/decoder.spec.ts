import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CompressionError, HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';

const decode = (decoder: HpackDecoder, hex: string): string[] | undefined =>
  decoder.decode(Buffer.from(hex, 'hex'));

const GET = [':method', 'GET'];
const REQUESTS = [
  [...GET, ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'],
  [...GET, ':scheme', 'http', ':path', '/', ':authority', 'www.example.com', 'cache-control', 'no-cache'],
  [
    ...[...GET, ':scheme', 'https', ':path', '/index.html', ':authority', 'www.example.com'],
    ...['custom-key', 'custom-value'],
  ],
];

const names = fc.constantFrom(':status', 'content-type', 'grpc-status', 'grpc-encoding', 'x-other', 'date');
const values = fc.oneof(fc.nat(20).map(String), fc.string({ maxLength: 200 }).map(latin1));
const lists = fc.array(fc.tuple(names, values), { maxLength: 8 }).map((fields) => fields.flat());
const limits = fc.option(fc.nat(6_000), { nil: undefined });

function latin1(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

describe('the HPACK decoder', () => {
  it.each([
    // RFC 7541, appendix C.3.
    ['828684410f7777772e6578616d706c652e636f6d', '828684be58086e6f2d6361636865'].concat(
      '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    ),
    // RFC 7541, appendix C.4, in Huffman code.
    ['828684418cf1e3c2e5f23a6ba0ab90f4ff', '828684be5886a8eb10649cbf'].concat(
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ),
  ])('decodes the examples of the RFC, which begin with %s', (...blocks) => {
    const decoder = new HpackDecoder(65_536);
    expect(blocks.map((block) => decode(decoder, block))).toEqual(REQUESTS);
  });

  it('answers what the encoder was given, whatever table the peer allows meanwhile', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(limits, lists), { maxLength: 40 }), (blocks) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder(65_536);
        for (const [limit, fields] of blocks) {
          if (limit !== undefined) encoder.limitTable(limit);
          expect(decoder.decode(encoder.encode(fields))).toEqual(fields);
        }
      }),
    );
  });

  it('throws nothing but CompressionError at bytes that are no block', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (blocks) => {
        const decoder = new HpackDecoder(65_536);
        for (const block of blocks) {
          try {
            expect((decoder.decode(Buffer.from(block)) ?? []).length % 2).toBe(0);
          } catch (error) {
            expect(error).toBeInstanceOf(CompressionError);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['80', 'the index 0'],
    ['be', 'an index beyond the table'],
    ['3fe21f', 'a table of 4,097 bytes'],
    ['8220', 'a change of the table after a field'],
    ['ffffffffff7f', 'an integer without end'],
    ['ff', 'an integer that the block cuts'],
    ['000361', 'a string that the block cuts'],
    ['0081ff00', 'padding of eight ones'],
    ['0084ffffffff00', 'the code that ends a string'],
  ])('refuses %s: %s', (block) => {
    expect(() => decode(new HpackDecoder(65_536), block)).toThrow(CompressionError);
  });

  it('answers undefined for a list that is too long, and keeps what the list put into the table', () => {
    const decoder = new HpackDecoder(80);
    expect(decode(decoder, '4001610162' + '4001630164' + '4001650166')).toBeUndefined();
    expect(decode(decoder, 'c0be')).toEqual(['a', 'b', 'e', 'f']);
  });
});
