import type { VersionRegistered } from '@plumbline/contract-events';
import type { Version } from '@plumbline/contract-registry';

/** Takes in a version that the registry announced. */
export type LearnVersion = (tenant: string, version: Version) => Promise<void>;

/** plumbline.registry.version-registered: its baseline is fetched before its first prediction needs it. */
export async function onVersionRegistered(
  learn: LearnVersion,
  tenant: string,
  { version }: VersionRegistered,
): Promise<void> {
  if (version !== undefined) await learn(tenant, version);
}
