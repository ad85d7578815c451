import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  formatTlogProof,
  leafHash,
  openCheckpoint,
  parseVerifier,
  verifyConsistency,
  verifyInclusion,
  verifyTlogProof,
  type NoteVerifier,
} from '@plumbline/merkle';
import type { GetInclusionProofResponse } from '@plumbline/contract-audit';
import { ORIGIN, startAudit, surroundings, type RunningAudit, type Surroundings } from './audit.fixture.ts';
import { appendRequest, mintId } from './records.fixture.ts';

const TENANT = 'proving';
const RECORDS = 700;

let around: Surroundings;
let audit: RunningAudit;
let ids: string[];
let verifier: NoteVerifier;

const client = () => audit.clientOf(TENANT);
const checkpointOf = (note: string) => openCheckpoint(note, ORIGIN, [verifier]);
const reasonOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'PROVEN',
    (error: unknown) => (error as { reason: string }).reason,
  );

beforeAll(async () => {
  around = await surroundings();
  audit = await startAudit(around);
  ids = Array.from({ length: RECORDS }, () => mintId());
  await Promise.all(ids.map((eventId) => client().append(appendRequest({ tenant: TENANT, eventId }))));
  const { verifierKey } = await client().getCheckpoint({});
  verifier = parseVerifier(verifierKey);
});
afterAll(async () => {
  await audit?.stop();
  await around?.database.close();
});

function verifyResponse(proof: GetInclusionProofResponse): bigint {
  const { size, root } = checkpointOf(proof.checkpoint);
  const leaf = leafHash(proof.commitment);
  verifyInclusion({ leaf, index: proof.leafIndex, size, root, proof: proof.hashes });
  return size;
}

describe('GetInclusionProof', () => {
  it('waits until the record is in a signed tree, and proves it there', async () => {
    const eventId = mintId();
    const request = appendRequest({ tenant: TENANT, eventId });
    await client().append(request);
    const proof = await client().getInclusionProof({ eventId });
    expect(Buffer.from(proof.commitment)).toEqual(Buffer.from(request.commitment));
    expect(verifyResponse(proof)).toBe(proof.treeSize);
  });

  it('proves every record, also across the boundaries of kept subtrees', async () => {
    for (const eventId of ids.filter((_, index) => index % 23 === 0)) {
      verifyResponse(await client().getInclusionProof({ eventId }));
    }
  });

  it('proves a leaf by its index', async () => {
    const byId = await client().getInclusionProof({ eventId: ids[5]! });
    const byIndex = await client().getInclusionProof({ eventId: '', leafIndex: byId.leafIndex });
    expect(byIndex.commitment).toEqual(byId.commitment);
  });

  it('proves a record in an older tree', async () => {
    const { leafIndex, treeSize } = await client().getInclusionProof({ eventId: ids[0]! });
    const older = treeSize - 1n;
    const proof = await client().getInclusionProof({ eventId: ids[0]!, treeSize: older });
    expect(proof).toMatchObject({ leafIndex, treeSize: older, checkpoint: '' });
    const { hashes } = await client().getConsistencyProof({ firstSize: older, secondSize: treeSize });
    expect(hashes.length).toBeGreaterThan(0);
  });

  it('gives what an offline proof needs', async () => {
    const proof = await client().getInclusionProof({ eventId: ids[7]! });
    const { leafIndex: index, hashes, checkpoint, commitment } = proof;
    const file = formatTlogProof({ index, hashes, checkpoint });
    expect(verifyTlogProof(file, commitment, ORIGIN, [verifier]).size).toBe(proof.treeSize);
  });

  it('tells why it cannot prove', async () => {
    const eventId = ids[0]!;
    const { leafIndex, treeSize } = await client().getInclusionProof({ eventId });
    const stranger = audit.clientOf('stranger');
    const ask = (request: object) => reasonOf(client().getInclusionProof({ eventId: '', ...request }));
    expect(await ask({ eventId: mintId() })).toBe('RECORD_NOT_FOUND');
    expect(await ask({ leafIndex: 1_000_000n })).toBe('RECORD_NOT_FOUND');
    expect(await ask({ eventId: 'no uuid' })).toBe('INVALID_QUERY');
    expect(await ask({})).toBe('INVALID_QUERY');
    expect(await ask({ leafIndex: -1n })).toBe('INVALID_QUERY');
    expect(await ask({ eventId, leafIndex: 1n })).toBe('INVALID_QUERY');
    expect(await ask({ eventId, treeSize: leafIndex === 0n ? -1n : leafIndex })).not.toBe('PROVEN');
    expect(await ask({ eventId, treeSize: treeSize * 1_000n })).toBe('TREE_NOT_REACHED');
    expect(await reasonOf(stranger.getInclusionProof({ eventId }))).toBe('RECORD_NOT_FOUND');
    expect(await reasonOf(stranger.getInclusionProof({ eventId: '', leafIndex }))).toBe('RECORD_NOT_FOUND');
  });
});

describe('GetConsistencyProof', () => {
  it('proves that the log only grew, between any checkpoints it gave', async () => {
    const notes = [await client().getCheckpoint({})];
    for (let round = 0; round < 4; round++) {
      const eventId = mintId();
      await client().append(appendRequest({ tenant: TENANT, eventId }));
      await client().getInclusionProof({ eventId });
      notes.push(await client().getCheckpoint({}));
    }
    const checkpoints = notes.map(({ checkpoint }) => checkpointOf(checkpoint));
    for (const first of checkpoints) {
      for (const second of checkpoints.filter(({ size }) => size >= first.size && first.size > 0n)) {
        const sizes = { firstSize: first.size, secondSize: second.size };
        const { hashes } = await client().getConsistencyProof(sizes);
        verifyConsistency({ ...sizes, firstRoot: first.root, secondRoot: second.root, proof: hashes });
      }
    }
  });

  it('refuses sizes that no log has', async () => {
    const ask = (firstSize: bigint, secondSize: bigint) =>
      reasonOf(client().getConsistencyProof({ firstSize, secondSize }));
    expect(await ask(0n, 5n)).toBe('INVALID_QUERY');
    expect(await ask(6n, 5n)).toBe('INVALID_QUERY');
    expect(await ask(5n, 1n << 40n)).toBe('TREE_NOT_REACHED');
  });
});

describe('GetCheckpoint', () => {
  it('gives a signed note of the log, and a new one as the log grows', async () => {
    const { checkpoint } = await client().getCheckpoint({});
    const before = checkpointOf(checkpoint);
    const eventId = mintId();
    await client().append(appendRequest({ tenant: TENANT, eventId }));
    await client().getInclusionProof({ eventId });
    const after = checkpointOf((await client().getCheckpoint({})).checkpoint);
    expect(after.size).toBeGreaterThan(before.size);
  });
});

describe('the log of a restarted audit', () => {
  it('goes on under the same key where it stood', async () => {
    const before = checkpointOf((await client().getCheckpoint({})).checkpoint);
    await audit.stop();
    audit = await startAudit(around);
    const eventId = mintId();
    await client().append(appendRequest({ tenant: TENANT, eventId }));
    const proof = await client().getInclusionProof({ eventId });
    const size = verifyResponse(proof);
    const { hashes } = await client().getConsistencyProof({ firstSize: before.size, secondSize: size });
    verifyConsistency({
      firstSize: before.size,
      firstRoot: before.root,
      secondSize: size,
      secondRoot: checkpointOf(proof.checkpoint).root,
      proof: hashes,
    });
  });
});
