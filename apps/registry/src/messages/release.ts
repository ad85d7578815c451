import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ReleaseSchema } from '@plumbline/contract-registry';
import type { Release } from '../domain/release.ts';

export function releaseOf(release: Release): MessageInitShape<typeof ReleaseSchema> {
  const { decisionIds, previousDigest = '', ...rest } = release;
  return { ...rest, previousDigest, decisionIds: [...decisionIds] };
}
