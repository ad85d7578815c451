import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { exposeStates } from './metrics.ts';
import type { VersionReport } from './domain/versions/version-table.ts';

const report = (model: string, state: VersionReport['state']): VersionReport => ({
  version: { digest: `sha256:${model}`, files: [], owners: [{ tenant: 'default', model, number: 3 }] },
  state,
  serving: undefined,
  failure: undefined,
  counts: { requests: 0, rows: 0, batches: 0 },
});

describe('the states of versions', () => {
  it('are shown for every version, and only as they are now', async () => {
    const registry = new Registry();
    let reports = [report('a', 'LOADING'), report('b', 'READY')];
    exposeStates(registry, { reports: () => reports });
    await registry.metrics();
    reports = [report('a', 'FAILED'), report('b', 'READY')];
    const lines = (await registry.metrics())
      .split('\n')
      .filter((line) => !line.startsWith('#') && line !== '');
    expect(lines).toEqual([
      'plumbline_inference_versions{model="a",version="3",tenant="default",digest="sha256:a",state="FAILED"} 1',
      'plumbline_inference_versions{model="b",version="3",tenant="default",digest="sha256:b",state="READY"} 1',
    ]);
  });
});
