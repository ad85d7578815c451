import { describe, expect, it } from '@jest/globals';
import { parseOptions, UsageError } from './options.ts';

describe('the command line of npm start', () => {
  it('runs the journey and stays, by default', () => {
    expect(parseOptions([])).toEqual({ once: false, bare: false, home: '.plumbline', basePort: 7400 });
  });

  it('takes a home and a first port', () => {
    expect(parseOptions(['--once', '--home', 'x', '--base-port', '8400'])).toMatchObject({
      once: true,
      home: 'x',
      basePort: 8400,
    });
  });

  it('answers a call for help with nothing to run', () => {
    expect(parseOptions(['--help'])).toBeUndefined();
  });

  it.each([
    [['--base-port', 'x']],
    [['--base-port', '80']],
    [['--twice']],
    [['--once', '--bare']],
    [['now']],
  ])('refuses %j', (args) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
  });
});
