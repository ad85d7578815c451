import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { ServingVersion } from './domain/versions/find-version.ts';
import { memoryOf } from './domain/versions/memory-ledger.ts';
import type { VersionReport } from './domain/versions/version-reports.ts';
import { exposeMemory } from './metrics.ts';

const report = (device: string, memoryBytes: number): VersionReport => ({
  version: { digest: device, files: [], owners: [] },
  state: 'READY',
  // Of a serving version, which only opening a model makes, the metrics of memory ask for nothing else.
  serving: { memory: memoryOf([{ device, memoryBytes }]) } as unknown as ServingVersion,
  facts: undefined,
  failure: undefined,
  statistics: undefined,
});

describe('the memory of versions', () => {
  it("is told as the machine's, also of models on a GPU, of which nothing is measured", async () => {
    const registry = new Registry();
    exposeMemory(registry, { reports: () => [report('cpu', 5), report('cuda:0', 7)] });
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('plumbline_'));
    expect(lines).toEqual(['plumbline_inference_memory_bytes{device="cpu"} 12']);
  });
});
