import { describe, expect, it } from '@jest/globals';
import { createGroupCommitter, type Settled } from './group-committer.ts';

interface Commit {
  readonly items: readonly number[];
  finish(settled?: readonly Settled<string>[]): void;
  fail(error: Error): void;
}

/** A committer whose commits finish when the test says so. */
function harness(limits: { maxItems?: number; maxBytes?: number; maxWaitingItems?: number } = {}) {
  const commits: Commit[] = [];
  const committer = createGroupCommitter<number, string>({
    commit: (items) =>
      new Promise((resolve, reject) => {
        commits.push({
          items,
          finish: (settled = items.map((item) => ({ value: `done ${item}` }))) => resolve(settled),
          fail: reject,
        });
      }),
    sizeBytes: (item) => item,
    maxItems: 3,
    maxBytes: 1_000,
    maxWaitingItems: 100,
    maxWaitingBytes: 10_000,
    refuse: () => new Error('no room'),
    ...limits,
  });
  const add = (item: number, left = () => false) => committer.add(item, left);
  return { committer, commits, add };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const stays = () => false;

describe('a group committer', () => {
  it('commits what arrives in one turn together', async () => {
    const { commits, add } = harness();
    const adding = [add(1), add(2)];
    await turn();
    expect(commits.map(({ items }) => items)).toEqual([[1, 2]]);
    commits[0]!.finish();
    expect(await Promise.all(adding)).toEqual(['done 1', 'done 2']);
  });

  it('gathers what arrives during a commit, up to the limit, and runs one commit at a time', async () => {
    const { commits, add } = harness();
    const adding = [add(1)];
    await turn();
    adding.push(...[2, 3, 4, 5].map((item) => add(item)));
    await turn();
    expect(commits).toHaveLength(1);
    commits[0]!.finish();
    await turn();
    expect(commits.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
    commits[1]!.finish();
    await turn();
    commits[2]!.finish();
    expect(await Promise.all(adding)).toHaveLength(5);
  });

  it('splits groups by bytes, but commits an item larger than a group alone', async () => {
    const { commits, add } = harness({ maxBytes: 10 });
    const adding = [add(6), add(6), add(50), add(1)];
    await turn();
    for (let index = 0; index < 4; index++) {
      commits[index]?.finish();
      await turn();
    }
    expect(commits.map(({ items }) => items)).toEqual([[6], [6], [50], [1]]);
    await Promise.all(adding);
  });

  it('fails a whole group when its commit fails, and goes on', async () => {
    const { commits, add } = harness();
    const failing = [add(1), add(2)].map((adding) =>
      adding.catch((error: unknown) => (error as Error).message),
    );
    await turn();
    commits[0]!.fail(new Error('disk on fire'));
    expect(await Promise.all(failing)).toEqual(['disk on fire', 'disk on fire']);
    const next = add(3);
    await turn();
    commits[1]!.finish();
    expect(await next).toBe('done 3');
  });

  it('settles each item by itself', async () => {
    const { commits, add } = harness();
    const [good, bad] = [add(1), add(2)];
    await turn();
    commits[0]!.finish([{ value: 'fine' }, { error: new Error('bad record') }]);
    expect(await good).toBe('fine');
    await expect(bad).rejects.toThrow('bad record');
  });

  it('drops items whose callers have left before their commit', async () => {
    const { commits, add } = harness();
    let gone = false;
    const first = add(1);
    await turn();
    const abandoned = add(2, () => gone);
    const waiting = add(3, stays);
    gone = true;
    commits[0]!.finish();
    await expect(abandoned).rejects.toThrow('no room');
    await turn();
    expect(commits[1]!.items).toEqual([3]);
    commits[1]!.finish();
    await Promise.all([first, waiting]);
  });

  it('refuses what does not fit while others wait', async () => {
    const { commits, add, committer } = harness({ maxWaitingItems: 2 });
    const accepted = [add(1), add(2)];
    await expect(add(3)).rejects.toThrow('no room');
    await turn();
    commits[0]!.finish();
    await Promise.all(accepted);
    const after = add(4);
    await turn();
    commits[1]!.finish();
    expect(await after).toBe('done 4');
    await committer.idle();
  });

  it('is idle once everything is settled', async () => {
    const { commits, add, committer } = harness();
    const adding = add(1);
    let idle = false;
    const waiting = committer.idle().then(() => (idle = true));
    await turn();
    expect(idle).toBe(false);
    commits[0]!.finish();
    await Promise.all([adding, waiting]);
    expect(idle).toBe(true);
  });
});
