import { describe, expect, it } from '@jest/globals';
import { errors } from './errors.ts';
import { TrafficFollower } from './traffic-follower.ts';
import type { Lease, Listing, ListingStore, TrafficSource } from './traffic.ts';
import { VersionTable } from './version-table.ts';

const listing = (epoch: bigint): Listing => ({
  epoch,
  versions: [{ digest: 'a', files: [], owners: [] }],
  champions: new Map(),
});

function bench(saved?: Listing) {
  const leases: Lease[] = [];
  const asked: bigint[] = [];
  const reach: boolean[] = [];
  const state = { current: listing(1n), away: false, saved };
  let wake: () => void = () => undefined;
  const source: TrafficSource = {
    fetch: async (known) => {
      asked.push(known);
      if (state.away) throw new Error('connection refused');
      return known === state.current.epoch ? undefined : state.current;
    },
    report: async (lease) => {
      if (state.away) throw new Error('connection refused');
      leases.push(lease);
    },
  };
  const store: ListingStore = {
    load: async () => state.saved,
    save: async (next) => void (state.saved = next),
  };
  const table = new VersionTable({
    load: async () => {
      throw errors.MODEL_INVALID('not an ONNX model');
    },
    nowMs: () => 0,
    concurrentLoads: 1,
    graceMs: 0,
    onChange: () => follower.kick(),
  });
  const rounds: (() => void)[] = [];
  const follower = new TrafficFollower({
    source,
    store,
    table,
    intervalMs: 2_000,
    delay: (_ms, signal) => {
      rounds.splice(0).forEach((resolve) => resolve());
      return new Promise((resolve) => {
        wake = resolve;
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve());
      });
    },
    onRound: () => undefined,
    onReach: (reachable) => reach.push(reachable),
  });
  /** Lets the interval pass and waits for the round that follows. */
  const round = () => {
    const done = new Promise<void>((resolve) => rounds.push(resolve));
    wake();
    return done;
  };
  return { follower, table, leases, asked, reach, state, round };
}

describe('TrafficFollower', () => {
  it('takes up the registry’s listing, saves it and reports the epoch with what failed', async () => {
    const { follower, leases, state, round } = bench();
    await follower.start();
    await round();
    await round();
    expect(state.saved?.epoch).toBe(1n);
    expect(leases.at(-1)).toEqual({
      epoch: 1n,
      loadedDigests: [],
      failures: [{ digest: 'a', reason: 'MODEL_INVALID', detail: 'not an ONNX model' }],
      leaving: false,
    });
    await follower.close();
    expect(leases.at(-1)).toMatchObject({ leaving: true });
  });

  it('starts from the saved listing while the registry is away, and says so once', async () => {
    const { follower, table, reach, state, round } = bench(listing(7n));
    state.away = true;
    await follower.start();
    expect(follower.known).toBe(true);
    expect(table.listing.epoch).toBe(7n);
    await round();
    await round();
    expect(reach).toEqual([false]);
    state.away = false;
    await round();
    expect(reach).toEqual([false, true]);
    expect(table.listing.epoch).toBe(1n);
    await follower.close();
  });

  it('believes the registry over the disk, even at an equal epoch', async () => {
    const { follower, asked, round } = bench(listing(1n));
    await follower.start();
    await round();
    await round();
    expect(asked[0]).toBe(0n);
    expect(asked.at(-1)).toBe(1n);
    await follower.close();
  });

  it('looks at once when it is kicked', async () => {
    const { follower, table, state, round } = bench();
    await follower.start();
    await round();
    state.current = listing(2n);
    const done = round();
    follower.kick();
    await done;
    expect(table.listing.epoch).toBe(2n);
    await follower.close();
  });
});
