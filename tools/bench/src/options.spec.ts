import { describe, expect, it } from '@jest/globals';
import { BenchError } from './bench-error.ts';
import { parseOptions } from './options.ts';
import { isLoopback } from './parse-peer.ts';

const KNOWN = { measurements: ['small', 'large'], models: ['bench_small'] };

describe('the command line of npm run bench', () => {
  it('measures a whole area by default', () => {
    expect(parseOptions(['inference'], KNOWN)).toEqual({
      area: 'inference',
      only: [],
      quick: false,
      peer: undefined,
      devices: undefined,
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

  it('takes the providers to measure, each once', () => {
    const devices = (text: string) => parseOptions(['inference', '--providers', text], KNOWN)?.devices;
    expect(devices('cuda,cpu')).toEqual(['cuda:0', 'cpu']);
    expect(devices('cuda:1,cuda:0,cuda')).toEqual(['cuda:1', 'cuda:0']);
  });

  it('answers a call for help with nothing to run', () => {
    expect(parseOptions(['--help'], KNOWN)).toBeUndefined();
  });

  it.each([
    ['localhost:1', true],
    ['127.0.0.53:8001', true],
    ['[::1]:8001', true],
    ['10.0.0.1:8001', false],
    ['triton.example.org:8001', false],
    ['127.0.0.1.example.org:80', false],
    ['[fe80::1]:65535', false],
  ])('takes the peer %s', (address, here) => {
    expect(parseOptions(['inference', '--peer', address], KNOWN)?.peer?.address).toBe(address);
    expect(isLoopback(address)).toBe(here);
  });

  it.each([
    [[]],
    [['elsewhere']],
    [['inference', 'inference']],
    [['inference', '--only', 'medium']],
    [['inference', '--peer', 'http://localhost:8001']],
    [['inference', '--peer', '::1:8001']],
    [['inference', '--peer', 'localhost:0']],
    [['inference', '--peer', 'localhost:65536']],
    [['inference', '--providers', 'tensorrt']],
    [['inference', '--providers', 'cuda,']],
    [['inference', '--providers', 'cuda:01']],
    [['inference', '--peer', 'localhost']],
    [['inference', '--peer-model', 'bench_small=b']],
    [['inference', '--peer', 'localhost:1', '--peer-model', 'a']],
    [['inference', '--peer', 'localhost:1', '--peer-model', 'other=b']],
    [['inference', '--twice']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args, KNOWN)).toThrow(BenchError);
  });
});
