import { describe, expect, it } from '@jest/globals';
import { runtimeManifest } from './runtime-manifest.ts';

const workspace = {
  version: '0.1.0',
  license: 'Apache-2.0',
  dependencies: { pg: '8.23.1', nats: '2.29.3', 'onnxruntime-node': '1.30.0' },
  allowScripts: { 'onnxruntime-node': false, nx: false },
};

describe('runtimeManifest', () => {
  it('names what is imported, at the exact versions of the workspace', () => {
    const manifest = runtimeManifest('shop', workspace, new Set(['pg', 'onnxruntime-node']));
    expect(manifest.dependencies).toEqual({ 'onnxruntime-node': '1.30.0', pg: '8.23.1' });
    expect(manifest.allowScripts).toEqual({ 'onnxruntime-node': false });
  });

  it('refuses a package that the workspace has for development only', () => {
    expect(() => runtimeManifest('shop', workspace, new Set(['fast-check']))).toThrow(
      'shop imports fast-check, which is no runtime dependency',
    );
  });
});
