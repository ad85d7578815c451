import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { VersionStatistics } from './domain/batching/statistics.ts';
import type { Owner } from './domain/traffic.ts';
import type { VersionReport } from './domain/versions/version-reports.ts';
import { exposeVersions } from './version-metrics.ts';

const owner = (model: string, tenant = 'default', number = 3): Owner => ({ tenant, model, number });

const report = (
  owners: readonly Owner[],
  state: VersionReport['state'],
  statistics?: VersionStatistics,
): VersionReport => ({
  version: { digest: `sha256:${owners[0]?.model}`, files: [], owners },
  state,
  serving: undefined,
  facts: undefined,
  failure: undefined,
  statistics,
});

/** The lines of a scrape that are no comments and begin so. */
async function linesOf(registry: Registry, name: string): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));
}

describe('the metrics of versions', () => {
  it('show every version in the state that it is in, and only as it is now', async () => {
    const registry = new Registry();
    let reports = [report([owner('a')], 'LOADING'), report([owner('b')], 'READY')];
    exposeVersions(registry, { reports: () => reports });
    await registry.metrics();
    reports = [report([owner('a')], 'FAILED'), report([owner('b')], 'READY')];
    expect(await linesOf(registry, 'plumbline_inference_versions')).toEqual([
      'plumbline_inference_versions{model="a",version="3",tenant="default",digest="sha256:a",state="FAILED"} 1',
      'plumbline_inference_versions{model="b",version="3",tenant="default",digest="sha256:b",state="READY"} 1',
    ]);
  });

  it('count a version that several tenants and models have once, under the first, in every order', async () => {
    const owners = [owner('b', 't', 2), owner('a', 'u', 1), owner('b', 't', 10), owner('c', 't', 1)];
    const statistics = new VersionStatistics();
    statistics.recordBatch(5, { inputUs: 1, inferUs: 2, outputUs: 3 });
    for (const listed of [owners, owners.toReversed()]) {
      const registry = new Registry();
      const reports = [report(listed, 'READY', statistics)];
      exposeVersions(registry, { reports: () => reports });
      const digest = `sha256:${listed[0]?.model}`;
      expect(await linesOf(registry, 'nv_inference_count')).toEqual([
        `nv_inference_count{model="b",version="2",tenant="t",digest="${digest}"} 5`,
      ]);
      expect(await linesOf(registry, 'plumbline_inference_batch_rows_sum')).toHaveLength(1);
      expect(await linesOf(registry, 'plumbline_inference_versions')).toHaveLength(4);
    }
  });

  it('read what a version has done once for each scrape', async () => {
    let taken = 0;
    class CountedStatistics extends VersionStatistics {
      override snapshot() {
        taken++;
        return super.snapshot();
      }
    }
    const statistics = new CountedStatistics();
    const registry = new Registry();
    exposeVersions(registry, { reports: () => [report([owner('a')], 'READY', statistics)] });
    await registry.metrics();
    expect(taken).toBe(1);
    statistics.recordBatch(1, { inputUs: 1, inferUs: 1, outputUs: 1 });
    expect(await linesOf(registry, 'nv_inference_exec_count')).toEqual([expect.stringMatching(/ 1$/)]);
    expect(taken).toBe(2);
  });
});
