import { defineErrors } from '@plumbline/errors';

/** Everything the registry refuses, and why. */
export const errors = defineErrors('registry', {
  CALLER_NOT_PERMITTED: {
    code: 'PERMISSION_DENIED',
    help: "The calling service's identity may not call this method. The trainer, for one, may only propose.",
  },
  REQUEST_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A field of the request is missing or out of bounds; the field violations say which.',
  },
  PAGE_TOKEN_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The page token was not handed out by this method. Start again without one.',
  },
  TENANT_NOT_FOUND: { code: 'NOT_FOUND', help: 'No such tenant. Create it first.' },
  API_KEY_NOT_FOUND: { code: 'NOT_FOUND', help: 'No such API key in this tenant.' },
  MODEL_NOT_FOUND: { code: 'NOT_FOUND', help: 'No such model in this tenant. Create it first.' },
  VERSION_NOT_FOUND: {
    code: 'NOT_FOUND',
    help: 'No such version of the model in this tenant, or the alias points at none.',
  },
  VERSION_INCOMPLETE: {
    code: 'INVALID_ARGUMENT',
    help: 'A version lacks a file that serving or monitoring needs.',
  },
  ARTIFACT_NOT_FOUND: {
    code: 'NOT_FOUND',
    help: 'A file of the version is not in the object store. Upload it, then register again.',
  },
  ARTIFACT_CORRUPT: {
    code: 'FAILED_PRECONDITION',
    help: 'A stored file does not have the digest or size that the version claims. Upload it again.',
  },
  EVIDENCE_CONFLICT: {
    code: 'ALREADY_EXISTS',
    help: 'The evidence id is taken by other evidence. Evidence is append-only: choose a new id.',
  },
  DECISION_NOT_FOUND: {
    code: 'NOT_FOUND',
    help: 'No such gate decision about this model. Cite decision ids that EvaluateGate gave.',
  },
  GATE_NOT_PASSED: {
    code: 'FAILED_PRECONDITION',
    help: 'No passed gate allows this release: cite a PASSED decision about the target that compared it with the version it replaces.',
  },
  ALIAS_MOVED: {
    code: 'ABORTED',
    help: 'The alias does not point at the expected version. Read it again and decide anew.',
  },
  ALIAS_UNCHANGED: { code: 'FAILED_PRECONDITION', help: 'The alias points at the target already.' },
  NOTHING_TO_ROLL_BACK: {
    code: 'FAILED_PRECONDITION',
    help: 'No version was released before the present one.',
  },
  ROLLBACK_WINDOW_PASSED: {
    code: 'FAILED_PRECONDITION',
    help: 'The present version was released too long ago for a rollback without gates. Move the alias instead.',
  },
  ROLLOUT_NOT_FOUND: { code: 'NOT_FOUND', help: 'No such rollout in this tenant.' },
  ROLLOUT_ACTIVE: {
    code: 'ALREADY_EXISTS',
    help: 'A rollout of this model runs. Advance or abort it first.',
  },
  ROLLOUT_ENDED: { code: 'FAILED_PRECONDITION', help: 'The rollout was promoted or aborted.' },
  ROLLOUT_STEP_MISMATCH: {
    code: 'ABORTED',
    help: 'The rollout is at another step than the caller believes. Read it again.',
  },
  ROLLOUT_STEP_NOT_EFFECTIVE: {
    code: 'FAILED_PRECONDITION',
    help: 'Not every live replica acts by the present step yet, so nothing measured counts. Wait for its epoch.',
  },
  EVIDENCE_MISSING: {
    code: 'FAILED_PRECONDITION',
    help: 'The present step needs evidence about the candidate that was attached while it ran.',
  },
  REPLICAS_BEHIND: {
    code: 'DEADLINE_EXCEEDED',
    help: 'Not every live replica acts by the epoch yet; the metadata names those that lag.',
  },
  VERSION_NOT_LOADABLE: {
    code: 'FAILED_PRECONDITION',
    help: 'A replica could not load a version that the epoch needs; the metadata has its reason.',
  },
});

export type RegistryReason = keyof typeof errors.entries;
