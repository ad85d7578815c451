import { fromBinary } from '@bufbuild/protobuf';
import { ProfileSchema } from '@plumbline/contract-monitor';
import { checkProfile, type Profile } from '@plumbline/statistics';

/** A baseline.pb within all bounds of a profile is far smaller. */
export const MAX_PROFILE_BYTES = 16 * 1024 * 1024;

/**
 * The profile in a baseline.pb, good to count and to judge by. Throws for anything else: what is no such message, and
 * as a RangeError what is no such profile.
 */
export function profileOf(bytes: Uint8Array): Profile {
  if (bytes.byteLength > MAX_PROFILE_BYTES) throw new RangeError(`it has ${bytes.byteLength} bytes`);
  const { features, score, ...rest } = fromBinary(ProfileSchema, bytes);
  if (score === undefined) throw new RangeError('it has no score');
  const profile = { ...rest, features, score };
  checkProfile(profile);
  return profile;
}
