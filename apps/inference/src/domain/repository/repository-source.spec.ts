import { describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import type { ModelRepository } from './repository.ts';
import { ListedModels } from './listed-models.ts';
import { RepositorySource } from './repository-source.ts';
import { VersionTable } from '../versions/version-table.ts';

function emptyTable(): VersionTable {
  return new VersionTable({
    load: () => Promise.reject(new Error('there is nothing to load')),
    nowMs: () => 0,
    concurrentLoads: 1,
    graceMs: 0,
    onUnexpected: () => undefined,
    onChange: () => undefined,
    memory: { budgetBytes: 0, minIdleMs: 0, estimate: () => new Map(), alarm: () => () => undefined },
  });
}

describe('RepositorySource', () => {
  it('looks again whatever a look fails with, and tells', async () => {
    let looks = 0;
    const unexpected: unknown[] = [];
    const repository: ModelRepository = {
      names: () => (++looks === 2 ? Promise.reject(new TypeError('a fault')) : Promise.resolve([])),
      find: () => Promise.resolve(undefined),
      retain: () => Promise.resolve(),
    };
    const table = emptyTable();
    const source = new RepositorySource({
      repository,
      listed: new ListedModels({ table, tenant: 'default', onProblem: () => undefined }),
      table,
      mode: 'poll',
      loadAtStart: [],
      intervalMs: 1,
      delay: () => new Promise((resolve) => setImmediate(resolve)),
      onLook: () => undefined,
      onReach: () => undefined,
      onUnexpected: (error) => unexpected.push(error),
    });
    await source.start();
    await eventually(() => looks > 3);
    expect(unexpected).toEqual([new TypeError('a fault')]);
    await source.close();
  });
});
