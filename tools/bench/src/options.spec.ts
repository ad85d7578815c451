import { describe, expect, it } from '@jest/globals';
import { BenchError } from './bench-error.ts';
import { parseOptions } from './options.ts';

const KNOWN = { measurements: ['small', 'large'], models: ['bench_small'] };

describe('the command line of npm run bench', () => {
  it('measures a whole area by default', () => {
    expect(parseOptions(['inference'], KNOWN)).toEqual({
      area: 'inference',
      only: [],
      quick: false,
      peer: undefined,
      writeModels: undefined,
    });
  });

  it('takes what to measure, and against whom', () => {
    const args = ['inference', '--only', 'small,large', '--quick', '--peer', '127.0.0.1:8001'];
    expect(parseOptions([...args, '--peer-model', 'bench_small=mine'], KNOWN)).toMatchObject({
      only: ['small', 'large'],
      quick: true,
      peer: { address: '127.0.0.1:8001', models: new Map([['bench_small', 'mine']]) },
    });
  });

  it('answers a call for help with nothing to run', () => {
    expect(parseOptions(['--help'], KNOWN)).toBeUndefined();
  });

  it.each([['localhost:1'], ['127.0.0.53:8001'], ['[::1]:8001']])('takes the peer %s', (address) => {
    expect(parseOptions(['inference', '--peer', address], KNOWN)?.peer?.address).toBe(address);
  });

  it.each([
    [[]],
    [['elsewhere']],
    [['inference', 'inference']],
    [['inference', '--only', 'medium']],
    [['inference', '--peer', '10.0.0.1:8001']],
    [['inference', '--peer', '127.0.0.1.example.org:80']],
    [['inference', '--peer', 'localhost']],
    [['inference', '--peer-model', 'bench_small=b']],
    [['inference', '--peer', 'localhost:1', '--peer-model', 'a']],
    [['inference', '--peer', 'localhost:1', '--peer-model', 'other=b']],
    [['inference', '--twice']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args, KNOWN)).toThrow(BenchError);
  });
});
