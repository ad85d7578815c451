import { describe, expect, it } from '@jest/globals';
import { parseDevices } from './devices.ts';

describe('parseDevices', () => {
  it.each([
    ['cpu', ['cpu']],
    ['cuda, cpu', ['cuda:0', 'cpu']],
    ['cuda:1,cuda:0,cuda,cpu', ['cuda:1', 'cuda:0', 'cpu']],
  ])('reads %j', (text, devices) => {
    expect(parseDevices(text)).toEqual(devices);
  });

  it.each(['', 'gpu', 'cuda:', 'cuda:01', 'cuda:-1', 'cpu,', 'CPU'])('refuses %j', (text) => {
    expect(() => parseDevices(text)).toThrow(RangeError);
  });
});
