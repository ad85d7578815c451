import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { oip } from '../src/oip/group.ts';
import { ownTarget, type OpenedTarget } from '../src/open-suite-target.ts';
import { rest } from '../src/rest/group.ts';
import { runGroup } from '../src/suite/run-checks.ts';
import { triton } from '../src/triton/group.ts';

describe('our inference service', () => {
  let opened: OpenedTarget;

  beforeAll(async () => {
    const directory = await temporaryDirectory();
    opened = await ownTarget(directory, join(directory, 'inference.log'));
  });

  afterAll(() => opened?.close());

  it('names the extensions that work, and no other', () => {
    expect([...opened.target.extensions].sort()).toEqual([
      'binary_tensor_data',
      'classification',
      'model_configuration',
      'model_repository',
      'model_repository(unload_dependents)',
      'parameters',
      'schedule_policy',
      'statistics',
    ]);
  });

  it.each([oip, triton, rest])(
    'passes every check of the group $name',
    async (group) => {
      const results = await runGroup(group, opened.target);
      const others = results.filter(({ outcome }) => outcome !== 'pass');
      expect(others.map(({ id, outcome, reason }) => `${outcome} ${id}: ${reason}`)).toEqual([]);
      expect(results.length).toBeGreaterThan(20);
    },
    60_000,
  );
});
