import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { contractPackages, rewriteOptions } from './contracts.ts';

const root = join(import.meta.dirname, '../../..');

function protoFiles(): string[] {
  return readdirSync(join(root, 'proto'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.proto'),
  );
}

describe('the contract packages', () => {
  it('cover every proto, each once', () => {
    for (const path of protoFiles()) {
      const owners = contractPackages.filter(({ folders }) =>
        folders.some((folder) => `${dirname(path)}/`.startsWith(`${folder}/`)),
      );
      expect([path, owners.length]).toEqual([path, 1]);
    }
  });

  it('are projects of the workspace', () => {
    for (const { name } of contractPackages) {
      expect([name, existsSync(join(root, 'libs/contracts', name, 'package.json'))]).toEqual([name, true]);
    }
  });

  it('import each other by package and themselves by path', () => {
    const features = contractPackages.find(({ name }) => name === 'features');
    if (features === undefined) throw new Error('features is no contract package');
    const options = rewriteOptions(features);
    expect(options).toContain('rewrite_imports=./plumbline/common/v1/**/*_pb.js:@plumbline/contract-common');
    expect(options.some((option) => option.includes('contract-features'))).toBe(false);
  });
});
