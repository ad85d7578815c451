import { execFileSync } from 'node:child_process';

/**
 * What the protos must not break: the newest released contracts (tag `contracts/v*`); before there is a release, the
 * first parent, because against the present commit the check could not fail. Undefined where there is neither, or where
 * the parent had no protos yet.
 */
export function breakingBase(): string | undefined {
  const tag = git(['tag', '--list', 'contracts/v*', '--sort=-version:refname'])?.split('\n')[0];
  if (tag) return tag;
  return git(['rev-parse', '--verify', '--quiet', 'HEAD^1:proto/plumbline']) === undefined
    ? undefined
    : 'HEAD^1';
}

/** Trimmed output; undefined where git fails. */
function git(args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined; // no repository, or no such object: the caller's answer for "nothing to compare with"
  }
}
