import type { NoteSigner } from '@plumbline/merkle';
import { EMPTY_ROOT, signCheckpoint, type LeafRange } from '@plumbline/merkle';
import type { Database, Queryable } from '@plumbline/sql';
import { errors } from '../domain/errors.ts';
import {
  type IntegrationStore,
  type PublishedTree,
  type TreeGrowth,
  type TreeTables,
} from '../domain/integrate.ts';
import { type TreeStore } from '../domain/tree-reader.ts';
import { concatenate } from './parameters.ts';
import { SEGMENT_COLUMNS, segmentOf, type SegmentRow } from './segment-row.ts';

const LONG_TIMEOUT_MS = 60_000;
/** A process that freezes with the tree's lock loses it, and another one integrates. */
const FROZEN_MS = 30_000;

export function createIntegrationStore(database: Database): IntegrationStore {
  return {
    transaction: (work) => database.transaction((tx) => work(treeTables(tx)), { timeoutMs: LONG_TIMEOUT_MS }),
  };
}

/**
 * Begins the log with a signed checkpoint of the empty tree, or makes sure that the log which is there is the one of
 * this key. Throws LOG_KEY_CHANGED.
 */
export async function openTree(database: Database, signer: NoteSigner, nowUs: bigint): Promise<void> {
  const { name: origin, text: verifierKey } = signer.verifier;
  const empty = signCheckpoint({ origin, size: 0n, root: EMPTY_ROOT, extensions: [] }, [signer]);
  await database.query(
    `INSERT INTO tree (verifier_key, size, checkpoint, signed_at_us) VALUES ($1, 0, $2, $3) ON CONFLICT DO NOTHING`,
    [verifierKey, empty, nowUs],
  );
  const [row] = await database.query<{ verifier_key: string }>('SELECT verifier_key FROM tree');
  if (row?.verifier_key === verifierKey) return;
  throw errors.LOG_KEY_CHANGED(
    `the log is signed by ${row?.verifier_key ?? 'nobody'}; the configured key is ${verifierKey}`,
  );
}

export async function readPublishedTree(database: Queryable): Promise<PublishedTree> {
  const [row] = await database.query<PublishedTree>('SELECT size, checkpoint FROM tree', [], {
    name: 'audit_published_tree',
  });
  if (!row) throw new Error('the log has not been opened');
  return { size: row.size, checkpoint: row.checkpoint };
}

export function createTreeStore(database: Queryable): TreeStore {
  return {
    async segmentsIn({ begin, end }: LeafRange) {
      const rows = await database.query<SegmentRow>(
        `SELECT ${SEGMENT_COLUMNS} FROM segments
         WHERE first_index < $2 AND first_index >=
           coalesce((SELECT max(first_index) FROM segments WHERE first_index <= $1), $1)
         ORDER BY first_index`,
        [begin, end],
        { name: 'audit_segments_in' },
      );
      return rows.map(segmentOf);
    },
    async nodesIn(level, { begin, end }) {
      const rows = await database.query<{ hash: Buffer }>(
        'SELECT hash FROM tree_nodes WHERE level = $1 AND position >= $2 AND position < $3 ORDER BY position',
        [level, begin, end],
        { name: 'audit_nodes_in' },
      );
      return rows.map(({ hash }) => hash);
    },
  };
}

function treeTables(tx: Queryable): TreeTables {
  return {
    ...createTreeStore(tx),
    async lockTree() {
      const [row] = await tx.query<{ size: bigint }>(
        `SELECT size, set_config('idle_in_transaction_session_timeout', '${FROZEN_MS}', true)
         FROM tree FOR UPDATE SKIP LOCKED`,
      );
      return row?.size;
    },
    async segmentsFrom(leafIndex, maxLeaves) {
      const rows = await tx.query<SegmentRow>(
        `SELECT ${SEGMENT_COLUMNS} FROM segments WHERE first_index >= $1 AND first_index < $1 + $2::bigint
         ORDER BY first_index`,
        [leafIndex, maxLeaves],
        { name: 'audit_segments_from' },
      );
      return rows.map(segmentOf);
    },
    grow: (growth) => grow(tx, growth),
  };
}

async function grow(tx: Queryable, { size, checkpoint, nodes, signedAtUs }: TreeGrowth): Promise<void> {
  if (nodes.length > 0) {
    const { bytes, offsets, lengths } = concatenate(nodes.map(({ hash }) => hash));
    await tx.query(
      `INSERT INTO tree_nodes (level, position, hash)
       SELECT level, position, substring($3::bytea FROM hash_at + 1 FOR hash_length)
       FROM unnest($1::smallint[], $2::bigint[], $4::int[], $5::int[]) AS n (level, position, hash_at, hash_length)`,
      [nodes.map(({ level }) => level), nodes.map(({ position }) => position), bytes, offsets, lengths],
    );
  }
  await tx.query('UPDATE tree SET size = $1, checkpoint = $2, signed_at_us = $3', [
    size,
    checkpoint,
    signedAtUs,
  ]);
}
