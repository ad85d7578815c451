import { describe, expect, it } from '@jest/globals';
import type { CheckResult } from '../suite/outcome.ts';
import { runScript } from './run-script.ts';

describe('a client script', () => {
  it('fails where it ends without having run', async () => {
    const heard: CheckResult[] = [];
    const results = await runScript('false', 'grpc_client.py', ['a:1'], (result) => heard.push(result));
    expect(results).toMatchObject([
      { id: 'clients.grpc.script', group: 'clients', outcome: 'fail', reason: 'ended with 1: ' },
    ]);
    expect(heard).toEqual(results);
  });
});
