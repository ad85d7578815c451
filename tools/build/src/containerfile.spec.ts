import { describe, expect, it } from '@jest/globals';
import { parseContainerfile } from './containerfile.ts';

describe('parseContainerfile', () => {
  it('splits stages, joins continued lines and reads flags and JSON', () => {
    const text =
      '# c\nFROM a AS build\nRUN one \\\n  && two\nFROM b\nCOPY --from=build /x ./\nCMD ["node", "x y"]\n';
    expect(parseContainerfile(text)).toEqual([
      { from: 'a', alias: 'build', instructions: [{ name: 'RUN', flags: {}, args: ['one', '&&', 'two'] }] },
      {
        from: 'b',
        alias: undefined,
        instructions: [
          { name: 'COPY', flags: { from: 'build' }, args: ['/x', './'] },
          { name: 'CMD', flags: {}, args: ['node', 'x y'] },
        ],
      },
    ]);
  });

  it('refuses an instruction before the first stage', () => {
    expect(() => parseContainerfile('RUN x\nFROM a')).toThrow('RUN precedes the first FROM');
  });
});
