import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from '@jest/globals';
import { GRPCInferenceService, ModelInferResponseSchema } from '@plumbline/contract-oip';
import { createServer, implement, implementRaw, type Implementation, type RpcServer } from '@plumbline/rpc';
import { silentLog } from '@plumbline/testing';
import { oip } from '../src/oip/group.ts';
import type { CheckGroup, Checks } from '../src/suite/check.ts';
import { runGroup } from '../src/suite/run-checks.ts';
import { openTarget } from '../src/target/target.ts';
import { triton } from '../src/triton/group.ts';

type Response = MessageInitShape<typeof ModelInferResponseSchema>;

/** A server that is foreign to the suite: what it says is set by the test. */
interface Foreign {
  readonly extensions?: readonly string[];
  readonly ready?: boolean;
  readonly answer?: Response;
}

let server: RpcServer | undefined;

afterEach(() => server?.close());

async function judge(foreign: Foreign, group: CheckGroup): Promise<ReadonlyMap<string, string>> {
  server = createServer({
    implementations: implementations(foreign),
    authenticate: () => ({ caller: { id: '', kind: 'anonymous', scopes: [] }, tenant: 'default' }),
    log: silentLog,
  });
  const port = await server.listen('127.0.0.1', 0);
  const target = await openTarget({ address: `127.0.0.1:${port}`, own: false, models: ['simple'] });
  try {
    const results = await runGroup(group, target);
    return new Map(
      results.map(({ id, outcome, reason }) => [id, reason === '' ? outcome : `${outcome}: ${reason}`]),
    );
  } finally {
    target.close();
  }
}

function implementations({ extensions = [], ready = true, answer }: Foreign): Implementation[] {
  const typed = implement(GRPCInferenceService, {
    serverMetadata: () => ({ name: 'foreign', version: '1', extensions: [...extensions] }),
    serverReady: () => ({ ready: true }),
    modelReady: () => ({ ready }),
  });
  if (answer === undefined) return [typed];
  const bytes = Buffer.from(toBinary(ModelInferResponseSchema, create(ModelInferResponseSchema, answer)));
  return [typed, implementRaw(GRPCInferenceService, { ModelInfer: async () => bytes })];
}

/** One check of a group alone. */
function only(group: CheckGroup, topic: string, name: string): CheckGroup {
  const checks = group.topics[topic] as Checks;
  return { name: group.name, topics: { [topic]: { [name]: checks[name]! } } };
}

describe('a verdict on a foreign server', () => {
  it('passes a server that does what the check says', async () => {
    const verdicts = await judge({}, only(oip, 'health', 'ready'));
    expect(verdicts.get('oip.health.ready')).toBe('pass');
  });

  it('fails a server that lacks what every server has', async () => {
    const verdicts = await judge({}, only(oip, 'health', 'live'));
    expect(verdicts.get('oip.health.live')).toMatch(/^fail: UNIMPLEMENTED/);
  });

  it('fails a server that answers wrongly, naming what is wrong', async () => {
    const answer = { modelName: 'simple', id: 'another' };
    const verdicts = await judge({ answer }, only(oip, 'requests', 'id'));
    expect(verdicts.get('oip.requests.id')).toBe('fail: the id is "another", not "request-7"');
  });

  it('fails a server that answers what it should refuse', async () => {
    const verdicts = await judge({ answer: {} }, only(oip, 'refusals', 'datatype'));
    expect(verdicts.get('oip.refusals.datatype')).toBe('fail: was answered where INVALID_ARGUMENT is due');
  });

  it('does not hold an extension against a server that does not claim it', async () => {
    const group = only(triton, 'statistics', 'unknown-model');
    expect((await judge({}, group)).get('triton.statistics.unknown-model')).toMatch(/^not offered: /);
    await server?.close();
    const verdicts = await judge({ extensions: ['statistics'] }, group);
    expect(verdicts.get('triton.statistics.unknown-model')).toMatch(
      /^fail: UNIMPLEMENTED where NOT_FOUND is due/,
    );
  });

  it('does not hold a method against a server that may do without it', async () => {
    const verdicts = await judge({}, only(triton, 'stream', 'empty'));
    expect(verdicts.get('triton.stream.empty')).toMatch(/^not offered: UNIMPLEMENTED/);
  });

  it('skips what needs a model that the server has not got', async () => {
    const verdicts = await judge({ ready: false }, only(oip, 'requests', 'sum'));
    expect(verdicts.get('oip.requests.sum')).toMatch(/^skipped: the server has not got simple ready/);
  });

  it('skips the judgement of what a server offers and we do not know', async () => {
    const verdicts = await judge({ extensions: ['trace'] }, only(triton, 'absent', 'trace'));
    expect(verdicts.get('triton.absent.trace')).toMatch(/^skipped: the server offers trace/);
  });
});
