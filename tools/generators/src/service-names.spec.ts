import { describe, expect, it } from '@jest/globals';
import { registerContract } from './register-contract.ts';
import { serviceNames } from './service-names.ts';

describe('serviceNames', () => {
  it('spells one name every way', () => {
    expect(serviceNames('label-store', 7480)).toEqual({
      name: 'label-store',
      title: 'LabelStore',
      contract: 'labelstore',
      schema: 'label_store',
      grpcPort: 7480,
      adminPort: 7481,
    });
  });

  it.each(['Label', 'label_store', '-label', 'label--store', '../label', ''])('refuses "%s"', (name) => {
    expect(() => serviceNames(name, 7480)).toThrow('is not kebab-case');
  });
});

describe('registerContract', () => {
  const source = "export const all = [\n  plumbline('audit'),\n  { name: 'oip' },\n];\n";

  it('adds the contract after the last of its kind, once', () => {
    const added = registerContract(source, 'labelstore');
    expect(added).toBe(
      "export const all = [\n  plumbline('audit'),\n  plumbline('labelstore'),\n  { name: 'oip' },\n];\n",
    );
    expect(registerContract(added, 'labelstore')).toBe(added);
  });

  it('refuses a list that it does not understand', () => {
    expect(() => registerContract('export const all = [];', 'x')).toThrow('no longer lists contracts');
  });
});
