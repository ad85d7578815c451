import { createHash } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import {
  CommitmentSchema,
  type GetInclusionProofResponse,
  type Record as AuditRecord,
} from '@plumbline/contract-audit';
import {
  leafHash,
  NoteError,
  openCheckpoint,
  parseVerifier,
  ProofError,
  verifyInclusion,
} from '@plumbline/merkle';

/**
 * Verifies that a record is in the log and is what its leaf commits to, with a key that was pinned earlier and without
 * trusting anything that the service says. Undefined when all holds, otherwise what does not.
 */
export function verifyRecord(
  record: AuditRecord,
  proof: GetInclusionProofResponse,
  verifierKey: string,
): string | undefined {
  const commitment = fromBinary(CommitmentSchema, record.commitment);
  const payloadDigest = createHash('sha256').update(record.payload).digest();
  if (!payloadDigest.equals(commitment.payloadSha256)) return 'the payload is not the one committed to';
  if (Buffer.from(commitment.eventId).toString('hex') !== record.eventId.replaceAll('-', ''))
    return 'the leaf is of another record';
  try {
    const verifier = parseVerifier(verifierKey);
    const { size, root } = openCheckpoint(proof.checkpoint, verifier.name, [verifier]);
    verifyInclusion({
      leaf: leafHash(record.commitment),
      index: proof.leafIndex,
      size,
      root,
      proof: proof.hashes,
    });
    return undefined;
  } catch (error) {
    if (error instanceof NoteError || error instanceof ProofError) return error.message;
    throw error;
  }
}
