import { describe, expect, it } from '@jest/globals';
import { GROUPS, ONNX_TESTDATA, parseOptions, UsageError } from './options.ts';

describe('the command line', () => {
  it('runs every group against our own service by default', () => {
    expect(parseOptions(['inference'])).toEqual({
      address: undefined,
      http: undefined,
      metrics: undefined,
      groups: GROUPS,
      writeModels: undefined,
      repository: undefined,
      json: 'out/conformance/inference.json',
      onnxTestdata: ONNX_TESTDATA,
      requireClients: false,
      kserve: false,
      examples: undefined,
      verbose: false,
    });
  });

  it('takes a foreign server and some groups, in the order they run in', () => {
    const args = ['inference', '--address', 'triton:8001', '--http', 'triton:8000', '--only', 'rest,oip'];
    expect(parseOptions(args)).toMatchObject({
      address: 'triton:8001',
      http: 'triton:8000',
      groups: ['oip', 'rest'],
    });
  });

  it('asks for help', () => {
    expect(parseOptions(['--help'])).toBeUndefined();
  });

  it.each([
    [[], /say what is judged/],
    [['gateway'], /say what is judged/],
    [['inference', '--address', 'triton'], /takes host:port/],
    [['inference', '--http', 'triton:8000'], /--http goes with --address/],
    [['inference', '--repository', '/models'], /--repository goes with --address/],
    [['inference', '--only', 'oip,rust'], /not "rust"/],
    [['inference', '--quick'], /quick/],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});
