import { describe, expect, it } from '@jest/globals';
import { labelsOf } from './labels.ts';
import { NO_CONFIG, type TensorConfig } from './model-config.ts';

const spec = (name: string, labels?: readonly string[]) => ({
  name,
  datatype: 'FP32' as const,
  shape: [-1, 2],
  ...(labels === undefined ? {} : { labels }),
});
const model = {
  inputs: [],
  outputs: [spec('plain'), spec('zipped', ['0', '1']), spec('other', ['no', 'yes'])],
};
const declared = (name: string, labelFilename: string): TensorConfig => ({
  name,
  datatype: 'FP32',
  dims: [2],
  labelFilename,
});

describe('labels', () => {
  it('are those that the model brings where no configuration names others', () => {
    expect([...labelsOf(NO_CONFIG, model, new Map())]).toEqual([
      ['zipped', ['0', '1']],
      ['other', ['no', 'yes']],
    ]);
  });

  it('are those of the file that the configuration names, of that output alone', () => {
    const config = { ...NO_CONFIG, outputs: [declared('zipped', 'labels.txt'), declared('other', '')] };
    const files = new Map([['labels.txt', Buffer.from('late\r\non time\n')]]);
    expect([...labelsOf(config, model, files)]).toEqual([
      ['zipped', ['late', 'on time']],
      ['other', ['no', 'yes']],
    ]);
  });

  it.each([
    ['is not UTF-8', Buffer.from([0x6c, 0xff])],
    ['has 524289 lines', Buffer.from(`${'\n'.repeat(524_288)}x`)],
  ])('are refused from a file that %s', (problem, bytes) => {
    const config = { ...NO_CONFIG, outputs: [declared('zipped', 'labels.txt')] };
    expect(() => labelsOf(config, model, new Map([['labels.txt', bytes]]))).toThrow(
      expect.objectContaining({
        reason: 'MODEL_CONFIG_INVALID',
        message: expect.stringContaining(`output[0].label_filename "labels.txt" ${problem}`),
      }),
    );
  });
});
