import { describe, expect, it } from '@jest/globals';
import { SnapshotFollower, type Snapshot } from './snapshot-follower.ts';

function bench(saved?: Snapshot) {
  const taken: bigint[] = [];
  const asked: bigint[] = [];
  const reports: { epoch: bigint; leaving: boolean }[] = [];
  const reach: boolean[] = [];
  const state = { current: { epoch: 1n }, away: false, unusable: false, saved };
  let wake: () => void = () => undefined;
  const rounds: (() => void)[] = [];
  const follower = new SnapshotFollower<Snapshot>({
    source: {
      fetch: async (known) => {
        asked.push(known);
        if (state.away) throw new Error('connection refused');
        return known === state.current.epoch ? undefined : state.current;
      },
      report: async (epoch, leaving) => {
        if (state.away) throw new Error('connection refused');
        reports.push({ epoch, leaving });
      },
    },
    store: {
      load: async () => state.saved,
      save: async (next) => void (state.saved = next),
    },
    takeUp: ({ epoch }) => {
      if (state.unusable) throw new Error('an object is missing');
      taken.push(epoch);
    },
    intervalMs: 2_000,
    delay: (_ms, signal) => {
      rounds.splice(0).forEach((resolve) => resolve());
      return new Promise((resolve) => {
        wake = resolve;
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve());
      });
    },
    onReach: (reachable) => reach.push(reachable),
  });
  /** Lets the interval pass and waits for the round that follows. */
  const round = () => {
    const done = new Promise<void>((resolve) => rounds.push(resolve));
    wake();
    return done;
  };
  return { follower, taken, asked, reports, reach, state, round };
}

describe('a snapshot follower', () => {
  it('has taken up the source’s snapshot, saved it and reported it once it has started', async () => {
    const { follower, taken, reports, state } = bench();
    await follower.start();
    expect(taken).toEqual([1n]);
    expect(state.saved?.epoch).toBe(1n);
    expect(reports).toEqual([{ epoch: 1n, leaving: false }]);
    await follower.close();
    expect(reports.at(-1)).toEqual({ epoch: 1n, leaving: true });
  });

  it('starts from the saved snapshot while the source is away, and says so once', async () => {
    const { follower, taken, reach, state, round } = bench({ epoch: 7n });
    state.away = true;
    await follower.start();
    expect(follower.known).toBe(true);
    await round();
    await round();
    expect(reach).toEqual([false]);
    state.away = false;
    await round();
    expect(reach).toEqual([false, true]);
    expect(taken).toEqual([7n, 1n]);
    await follower.close();
  });

  it('reports nothing, not even that it leaves, before it has a snapshot', async () => {
    const { follower, reports, state } = bench();
    state.away = true;
    await follower.start();
    state.away = false;
    expect(follower.known).toBe(false);
    await follower.close();
    expect(reports).toEqual([]);
  });

  it('believes the source over the disk, even at an equal epoch', async () => {
    const { follower, taken, asked, round } = bench({ epoch: 1n });
    await follower.start();
    await round();
    expect(asked).toEqual([0n, 1n]);
    expect(taken).toEqual([1n, 1n]);
    await follower.close();
  });

  it('stays with what it has, keeps its lease and tries again while a snapshot cannot be taken up', async () => {
    const { follower, taken, reports, reach, state, round } = bench();
    await follower.start();
    state.current = { epoch: 2n };
    state.unusable = true;
    await round();
    await round();
    expect(reports).toEqual(Array(3).fill({ epoch: 1n, leaving: false }));
    expect(reach).toEqual([true, false]);
    state.unusable = false;
    await round();
    expect(taken).toEqual([1n, 2n]);
    expect(reports.at(-1)).toEqual({ epoch: 2n, leaving: false });
    await follower.close();
  });

  it('looks at once when it is kicked', async () => {
    const { follower, taken, state, round } = bench();
    await follower.start();
    await round();
    state.current = { epoch: 2n };
    const done = round();
    follower.kick();
    await done;
    expect(taken).toEqual([1n, 2n]);
    await follower.close();
  });
});
