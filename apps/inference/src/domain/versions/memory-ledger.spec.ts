import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { memoryOf, planMemory, sumMemory, type Memory, type Resident, type Wish } from './memory-ledger.ts';

const BUDGET = 100;
const POLICY = { budgetBytes: BUDGET, minIdleMs: 10, minIdleUnaskedMs: 100, slots: 2 };
const NOW = 1_000;

const cpu = (bytes: number): Memory => new Map([['cpu', bytes]]);
const resident = (
  digest: string,
  bytes: number,
  lastUsedMs: number,
  more: Partial<Resident> = {},
): Resident => ({
  digest,
  memory: cpu(bytes),
  idle: true,
  leaving: false,
  lastUsedMs,
  ...more,
});
const wish = (digest: string, bytes: number, demanded = true): Wish => ({
  digest,
  memory: cpu(bytes),
  demanded,
});
const plan = (residents: readonly Resident[], ...wishes: readonly Wish[]) =>
  planMemory(residents, wishes, POLICY, NOW);

describe('memoryOf', () => {
  const runner = (device: string, memoryBytes: number) => ({ device, memoryBytes });

  it('takes every copy as the smallest one on its device', () => {
    const runners = [runner('cpu', 30), runner('cpu', 10), runner('cpu', 20)];
    expect([...memoryOf(runners)]).toEqual([['cpu', 30]]);
    expect([...memoryOf([])]).toEqual([['cpu', 0]]);
  });

  it('counts what runners on a GPU take of the host, and claims nothing of the GPU', () => {
    const runners = [runner('cuda:0', 7), runner('cpu', 10), runner('cuda:1', 5), runner('cuda:0', 9)];
    expect([...memoryOf(runners)]).toEqual([['cpu', 10 + 2 * 7 + 5]]);
  });
});

describe('planMemory', () => {
  it.each<[string, Resident[], Wish[], object]>([
    ['admits what fits', [resident('a', 60, 0)], [wish('w', 40)], { admit: ['w'] }],
    ['refuses what never fits', [], [wish('w', 101)], { refuse: ['w'] }],
    [
      'unloads the least recently used',
      [resident('b', 50, 5), resident('a', 50, 1)],
      [wish('w', 30)],
      { evict: ['a'] },
    ],
    [
      'waits for what is leaving',
      [resident('a', 90, 0, { leaving: true, idle: false })],
      [wish('w', 90)],
      {},
    ],
    ['spares what was just used', [resident('a', 90, NOW - 9)], [wish('w', 90)], { wait: ['w'] }],
    ['spares what is in use', [resident('a', 90, 0, { idle: false })], [wish('w', 90)], { wait: ['w'] }],
    [
      'spares longer where nobody waits',
      [resident('a', 90, NOW - 99)],
      [wish('w', 90, false)],
      { wait: ['w'] },
    ],
    [
      'unloads nothing in vain',
      [resident('a', 30, 0), resident('b', 70, 0, { idle: false })],
      [wish('w', 40)],
      { wait: ['w'] },
    ],
    ['shrinks what was measured larger', [resident('a', 60, 0), resident('b', 60, 1)], [], { evict: ['a'] }],
    [
      'keeps freed memory from the wishes behind',
      [resident('a', 90, 0)],
      [wish('w', 95), wish('v', 10)],
      { evict: ['a'], wait: ['v'] },
    ],
    [
      'begins no more loads than it may',
      [],
      [wish('w', 1), wish('v', 1), wish('u', 1)],
      { admit: ['w', 'v'] },
    ],
    [
      'does not let one that must wait in vain hold up the others',
      [resident('a', 60, 0, { idle: false })],
      [wish('w', 90), wish('v', 40)],
      { admit: ['v'], wait: ['w'] },
    ],
  ])('%s', (_rule, residents, wishes, expected) => {
    expect(plan(residents, ...wishes)).toEqual({ admit: [], evict: [], refuse: [], wait: [], ...expected });
  });

  it('counts every memory that is measured by itself', () => {
    const onGpu: Memory = new Map([['cuda:0', 90]]);
    const residents = [resident('a', 90, 1), resident('b', 0, 0, { memory: onGpu })];
    const both: Memory = new Map([['cpu', 10], ['cuda:0', 50]]); // prettier-ignore
    expect(planMemory(residents, [{ digest: 'w', memory: both, demanded: true }], POLICY, NOW)).toEqual({
      admit: [],
      evict: ['b'],
      refuse: [],
      wait: [],
    });
  });

  const memory = fc
    .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }))
    .map(([host, gpu]): Memory => new Map([['cpu', host], ['cuda:0', gpu]])); // prettier-ignore
  const residents = fc
    .array(
      fc.record({
        memory,
        idle: fc.boolean(),
        leaving: fc.boolean(),
        lastUsedMs: fc.integer({ min: NOW - 200, max: NOW }),
      }),
      { maxLength: 6 },
    )
    .map((some) => some.map((one, index): Resident => ({ ...one, digest: `r${index}` })));
  const wishes = fc
    .array(fc.record({ memory, demanded: fc.boolean() }), { maxLength: 5 })
    .map((some) => some.map((one, index): Wish => ({ ...one, digest: `w${index}` })));
  const within = (all: readonly { memory: Memory }[]) =>
    [...sumMemory(all.map((one) => one.memory)).values()].every((bytes) => bytes <= BUDGET);

  it('never goes above the budget, never unloads what is in use or was just used, and nothing twice', () => {
    fc.assert(
      fc.property(residents, wishes, (held, wanted) => {
        const { admit, evict, refuse } = planMemory(held, wanted, POLICY, NOW);
        const admitted = wanted.filter(({ digest }) => admit.includes(digest));
        if (admitted.length > 0) {
          const devices = new Set(
            admitted.flatMap((one) =>
              [...one.memory].filter(([, bytes]) => bytes > 0).map(([device]) => device),
            ),
          );
          const sum = sumMemory([...held, ...admitted].map((one) => one.memory));
          for (const device of devices) expect(sum.get(device)).toBeLessThanOrEqual(BUDGET);
        }
        const evicted = held.filter(({ digest }) => evict.includes(digest));
        expect(evicted.every(({ idle, leaving }) => idle && !leaving)).toBe(true);
        expect(evicted).toHaveLength(evict.length);
        if (within(held)) expect(evicted.every(({ lastUsedMs }) => NOW - lastUsedMs >= 10)).toBe(true);
        expect(admit.filter((digest) => refuse.includes(digest))).toEqual([]);
      }),
    );
  });

  it('comes to every demand in the end, whatever is measured, while all that is loaded is idle at times', () => {
    const models = fc.array(
      fc.record({ estimate: fc.integer({ min: 1, max: 100 }), measured: fc.integer({ min: 1, max: 100 }) }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(models, fc.array(fc.nat(), { maxLength: 30 }), (all, demands) => {
        const loaded = new Map<number, number>();
        const known = new Map<number, number>();
        let now = 0;
        for (const demand of demands) {
          const model = demand % all.length;
          now += 50;
          for (let round = 0; !loaded.has(model); round++) {
            expect(round).toBeLessThan(4);
            const held = [...loaded].map(([index, lastUsedMs]) =>
              resident(String(index), known.get(index) ?? 0, lastUsedMs),
            );
            const bytes = known.get(model) ?? all[model]?.estimate ?? 0;
            const { admit, evict, refuse } = planMemory(held, [wish(String(model), bytes)], POLICY, now);
            expect(refuse).toEqual([]);
            for (const digest of evict) loaded.delete(Number(digest));
            if (admit.length > 0) {
              known.set(model, all[model]?.measured ?? 0);
              loaded.set(model, now);
            }
          }
        }
      }),
    );
  });
});
