import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  CompactTree,
  generateSigner,
  hashRanges,
  leafHash,
  nodesOf,
  openCheckpoint,
  parseSigner,
  planConsistency,
  planInclusion,
  verifyConsistency,
  verifyInclusion,
  type Hash,
} from '@plumbline/merkle';
import fc from 'fast-check';
import { tenantDigest } from './event-id.ts';
import { createIntegration, type IntegrationStore, type TreeTables } from './integrate.ts';
import { packSegment } from './segment-codec.ts';
import { endOf, type Segment } from './segment.ts';
import { readNodes, type TreeStore } from './tree-reader.ts';

const ORIGIN = 'plumbline.test/log';
const signer = parseSigner(generateSigner(ORIGIN));
const clock = { nowUs: () => 1n };

/** A log of segments of the given sizes, and an in-memory tree beside it. */
class MemoryLog {
  readonly leaves: Hash[] = [];
  readonly segments: Segment[] = [];
  readonly nodes = new Map<string, Hash>();
  size = 0n;
  checkpoint = '';
  locked = false;
  failNext = false;

  append(count: number): void {
    const entries = Array.from({ length: count }, () => entryOf('t'));
    this.segments.push({
      firstIndex: BigInt(this.leaves.length),
      count,
      tenant: 't',
      kind: 'PREDICTION',
      modelDigest: new Uint8Array(0),
      committedAtUs: 0n,
      idKeys: [],
      packed: packSegment(entries, 't', { idOffset: 0, tenantDigestOffset: 16 }),
    });
    this.leaves.push(...entries.map(leafHash));
  }

  readonly tree: TreeStore = {
    segmentsIn: async ({ begin, end }) =>
      this.segments.filter((segment) => segment.firstIndex < end && endOf(segment) > begin),
    nodesIn: async (level, { begin, end }) =>
      Array.from({ length: Number(end - begin) }, (_, index) =>
        this.nodes.get(`${level}/${begin + BigInt(index)}`),
      ).flatMap((hash) => (hash ? [hash] : [])),
  };

  readonly store: IntegrationStore = {
    transaction: async (work) => {
      const tables: TreeTables = {
        ...this.tree,
        lockTree: async () => (this.locked ? undefined : this.size),
        segmentsFrom: async (leafIndex, maxLeaves) =>
          this.segments.filter(
            ({ firstIndex }) => firstIndex >= leafIndex && firstIndex < leafIndex + BigInt(maxLeaves),
          ),
        grow: async ({ size, checkpoint, nodes }) => {
          if (this.failNext) {
            this.failNext = false;
            throw new Error('the transaction is lost');
          }
          for (const { level, position, hash } of nodes) this.nodes.set(`${level}/${position}`, hash);
          this.size = size;
          this.checkpoint = checkpoint;
        },
      };
      return work(tables);
    },
  };
}

function entryOf(tenant: string): Buffer {
  const id = randomBytes(16);
  return Buffer.concat([id, tenantDigest(tenant, id), randomBytes(4)]);
}

function rootOf(leaves: readonly Hash[]): Hash {
  const tree = CompactTree.empty();
  for (const leaf of leaves) tree.append(leaf);
  return tree.root();
}

const integrate = (log: MemoryLog, maxLeaves = 10_000) =>
  createIntegration({ store: log.store, signer, clock, maxLeaves });

function expectCovered(log: MemoryLog): void {
  const { size, root } = openCheckpoint(log.checkpoint, ORIGIN, [signer.verifier]);
  expect(size).toBe(BigInt(log.leaves.length));
  expect(root).toEqual(rootOf(log.leaves));
}

describe('integration', () => {
  it('signs the tree of all committed leaves, in steps of any size, by one process or a new one each time', async () => {
    const counts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        counts,
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        async (sizes, maxLeaves, restart) => {
          const log = new MemoryLog();
          let step = integrate(log, maxLeaves);
          for (const size of sizes) {
            log.append(size);
            if (restart) step = integrate(log, maxLeaves);
            while (await step());
            expectCovered(log);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('does nothing without new leaves, or while another process has the tree', async () => {
    const log = new MemoryLog();
    const step = integrate(log);
    expect(await step()).toBeUndefined();
    log.append(3);
    log.locked = true;
    expect(await step()).toBeUndefined();
    log.locked = false;
    expect(await step()).toMatchObject({ size: 3n });
  });

  it('begins anew from what is stored after a lost transaction', async () => {
    const log = new MemoryLog();
    const step = integrate(log);
    log.append(300);
    await step();
    log.append(300);
    log.failNext = true;
    await expect(step()).rejects.toThrow('lost');
    await step();
    expectCovered(log);
  });

  it('goes on from a tree that another process grew', async () => {
    const log = new MemoryLog();
    const [one, other] = [integrate(log), integrate(log)];
    log.append(100);
    await one();
    log.append(200);
    await other();
    log.append(300);
    await one();
    expectCovered(log);
  });

  it('never signs over a missing leaf', async () => {
    const log = new MemoryLog();
    log.append(10);
    log.append(10);
    log.segments.shift();
    await expect(integrate(log)()).rejects.toThrow('is missing');
    expect(log.checkpoint).toBe('');
  });
});

describe('nodes read back from what is kept', () => {
  const log = new MemoryLog();
  for (let index = 0; index < 30; index++) log.append(1 + ((index * 37) % 120));
  const total = log.leaves.length;
  const size = fc.integer({ min: 1, max: total });
  const prove = async (ranges: ReturnType<typeof planInclusion>) =>
    hashRanges(ranges, await readNodes(log.tree, nodesOf(ranges)));

  it('prove any leaf in any tree', async () => {
    await integrate(log)();
    const leafInTree = size.chain((of) => fc.tuple(fc.nat(of - 1), fc.constant(of)));
    await fc.assert(
      fc.asyncProperty(leafInTree, async ([index, of]) => {
        const proof = await prove(planInclusion(BigInt(index), BigInt(of)));
        const root = rootOf(log.leaves.slice(0, of));
        verifyInclusion({ leaf: log.leaves[index]!, index: BigInt(index), size: BigInt(of), root, proof });
      }),
      { numRuns: 60 },
    );
  });

  it('prove any tree to extend any smaller one', async () => {
    const sizes = fc.tuple(size, size).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    await fc.assert(
      fc.asyncProperty(sizes, async ([first, second]) => {
        const proof = await prove(planConsistency(BigInt(first), BigInt(second)));
        verifyConsistency({
          firstSize: BigInt(first),
          firstRoot: rootOf(log.leaves.slice(0, first)),
          secondSize: BigInt(second),
          secondRoot: rootOf(log.leaves.slice(0, second)),
          proof,
        });
      }),
      { numRuns: 60 },
    );
  });

  it('are refused outside the tree', async () => {
    const address = { level: 8, position: 1_000n };
    const lookup = await readNodes(log.tree, [address]);
    expect(() => lookup(address)).toThrow('missing');
  });
});
