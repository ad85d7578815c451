import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { grpcStatusOf, HeaderBlockError } from './grpc-status.ts';

const field = (name: string, value: string) =>
  Buffer.from([0, name.length, ...Buffer.from(name), value.length, ...Buffer.from(value)]);
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const word = fc.stringMatching(/^[a-z-]{1,40}$/).filter((name) => name !== 'grpc-status');

describe('the status in a block of headers', () => {
  it('is found among whatever else stands there', () => {
    const others = fc.array(fc.tuple(word, word), { maxLength: 4 });
    fc.assert(
      fc.property(others, others, fc.integer({ min: 0, max: 16 }), (before, after, status) => {
        const fields = [
          ...before.map(([name, value]) => field(name, value)),
          field('grpc-status', String(status)),
          ...after.map(([name, value]) => field(name, value)),
        ];
        expect(grpcStatusOf(Buffer.concat(fields))).toBe(status);
      }),
    );
  });

  it('is absent from headers that precede an answer', () => {
    // As Node writes them: size update, :status 200, content-type, date.
    const block = '20 88 0f10 8b 1d75d0620d263d4c4d6564 0f12 96 d07abe94132a693f75040138a05eb8015c6da53168df';
    expect(grpcStatusOf(hex(block))).toBeUndefined();
  });

  it('is read where the name is in Huffman code', () => {
    // As Node writes { grpc-status: 14, grpc-message: 'some words' }.
    const block = '00 88 9acac8b21234da8f 02 3134 00 89 9acac8b5254207317f 87 41e92a9e0f6488';
    expect(grpcStatusOf(hex(block))).toBe(14);
  });

  it.each([
    ['07', 0],
    ['0f', 1],
    ['67', 3],
    ['08 3f', 10],
    ['0b 9f', 16],
  ])('is read where the value is in Huffman code: %s', (code, status) => {
    const value = hex(code);
    const block = Buffer.concat([hex('00 88 9acac8b21234da8f'), Buffer.from([0x80 | value.length]), value]);
    // 0 is 00000, 1 is 00001, 3 is 011001, 6 is 011100; the rest of the last byte is ones.
    expect(grpcStatusOf(block)).toBe(status);
  });

  it.each([
    ['a field of the dynamic table', 'be'],
    ['a text beyond the end', '00 0b 67'],
    ['an integer beyond the end', 'ff'],
    ['a status that gRPC does not have', '00 88 9acac8b21234da8f 02 3939'],
  ])('is not guessed from %s', (_what, block) => {
    expect(() => grpcStatusOf(hex(block))).toThrow(HeaderBlockError);
  });
});
