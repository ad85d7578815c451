import type { ServiceError } from '@plumbline/errors';
import { errors, shorten } from '../errors.ts';
import type { Listing, LoadFailure, ModelProblem } from '../traffic.ts';

/**
 * Why a model or a version of it was not found.
 * @param key of the model in the listing.
 * @param isKnown whether there are other versions of it.
 */
export function absentName(
  listing: Listing | undefined,
  key: string,
  model: string,
  version: string,
  isKnown: boolean,
): ServiceError {
  const name = `model "${shorten(model)}"`;
  const metadata = { model: shorten(model), version: shorten(version) };
  const problem = listing?.problems?.get(key);
  if (problem !== undefined) return unfit(`the ${name}`, problem, metadata);
  const message =
    isKnown && version !== ''
      ? `the ${name} has no version "${shorten(version)}" here`
      : `there is no ${name} here`;
  return absent(listing, message, metadata);
}

/** Before the first listing nothing can be said to be absent. */
export function absent(
  listing: Listing | undefined,
  message: string,
  metadata: Readonly<Record<string, string>>,
): ServiceError {
  return listing === undefined
    ? errors.MODEL_NOT_READY('it is not known yet what to serve', { metadata, retryAfterMs: 1_000 })
    : errors.MODEL_NOT_FOUND(message, { metadata });
}

function unfit(
  what: string,
  { reason, detail }: ModelProblem,
  metadata: Readonly<Record<string, string>>,
): ServiceError {
  const message = `${what} could not be loaded: ${reason}: ${detail}`;
  return errors.MODEL_NOT_READY(message, { metadata, retryAfterMs: 1_000 });
}

/** What is unloaded for memory is loaded again where somebody waits for it. */
export function asleep(digest: string): ServiceError {
  const metadata = { digest };
  return errors.MODEL_UNLOADED('the version is not loaded for want of memory', {
    metadata,
    retryAfterMs: 1_000,
  });
}

/** Why a version that is listed does not answer. */
export function notReady(failure: LoadFailure | undefined, digest: string): ServiceError {
  if (failure?.reason === 'MEMORY_BUDGET') {
    return errors.MEMORY_BUDGET(failure.detail, { metadata: { digest } });
  }
  if (failure !== undefined) return unfit('the version', failure, { digest });
  return errors.MODEL_NOT_READY('the version is being loaded', { metadata: { digest }, retryAfterMs: 1_000 });
}
