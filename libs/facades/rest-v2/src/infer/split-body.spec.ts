import { describe, expect, it } from '@jest/globals';
import { thrown } from '../../test/thrown.ts';
import { BinaryParts, headerLength, splitBody } from './split-body.ts';

const body = Buffer.from('{}abcdef');

describe('a body', () => {
  it('is JSON throughout where no header says otherwise', () => {
    expect(splitBody(body, headerLength(undefined), 100)).toEqual({ json: body, binary: Buffer.alloc(0) });
  });

  it('is cut where the header says', () => {
    expect(splitBody(body, headerLength('2'), 100)).toEqual({
      json: Buffer.from('{}'),
      binary: Buffer.from('abcdef'),
    });
  });

  it('is elements throughout where the header is 0', () => {
    expect(splitBody(body, headerLength('0'), 1)).toEqual({ json: undefined, binary: body });
  });

  it.each(['', '-1', '+1', '1.0', '0x2', '1, 1', ' 1', '9999999999999999'])(
    'is not cut by the header "%s"',
    async (header) => {
      expect(await thrown(() => headerLength(header))).toMatchObject({ reason: 'HEADER_INVALID' });
    },
  );

  it('is as long as the header says', async () => {
    expect(await thrown(() => splitBody(body, 9, 100))).toMatchObject({ reason: 'BINARY_DATA_INVALID' });
  });

  it('has only so much JSON', async () => {
    expect(await thrown(() => splitBody(body, 3, 2))).toMatchObject({ reason: 'JSON_TOO_LARGE' });
    expect(await thrown(() => splitBody(body, undefined, 7))).toMatchObject({ reason: 'JSON_TOO_LARGE' });
  });
});

describe('its binary part', () => {
  it('is cut into tensors without copying', () => {
    const parts = new BinaryParts(body);
    const [first, none, second] = [
      parts.take(2, 'inputs[0]'),
      parts.take(0, 'inputs[1]'),
      parts.take(6, 'inputs[2]'),
    ];
    parts.finish();
    expect([first, none, second].map(String)).toEqual(['{}', '', 'abcdef']);
    expect(second.buffer).toBe(body.buffer);
  });

  it('has what the sizes say, no less and no more', async () => {
    const parts = new BinaryParts(body);
    parts.take(2, 'inputs[0]');
    expect(String(await thrown(() => parts.take(7, 'inputs[1]')))).toContain(
      'inputs[1] has binary_data_size 7; 6 bytes are left',
    );
    expect(String(await thrown(() => parts.finish()))).toContain(
      '6 bytes that no binary_data_size speaks of',
    );
  });
});
