export { EMPTY_ROOT, HASH_BYTES, equalHashes, leafHash, nodeHash, type Hash } from './hash.ts';
export { completeSubtrees, type LeafRange, type NodeAddress } from './leaf-range.ts';
export { CompactTree, foldSubtrees, type NodeVisitor } from './compact-tree.ts';
export { planConsistency, planInclusion } from './proof-plan.ts';
export { hashRanges, nodesOf, type NodeLookup } from './prove.ts';
export {
  ProofError,
  verifyConsistency,
  verifyInclusion,
  type ConsistencyClaim,
  type InclusionClaim,
  type ProofFailure,
} from './verify-proof.ts';
export { NoteError, type NoteFailure } from './note-error.ts';
export {
  generateSigner,
  parseSigner,
  parseVerifier,
  requireKeyName,
  type NoteSigner,
  type NoteVerifier,
} from './note-key.ts';
export { openNote, parseNote, signNote, type NoteSignature, type ParsedNote } from './note.ts';
export {
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  type Checkpoint,
} from './checkpoint.ts';
export { formatTlogProof, parseTlogProof, verifyTlogProof, type TlogProof } from './tlog-proof.ts';
