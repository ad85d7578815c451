import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** What a later start needs to go on with: kept in the home directory, readable by its owner only. */
export interface KeptState {
  readonly tenant: string;
  readonly apiKey: string;
  /** Where streaming goes on, epoch microseconds as decimal text. */
  readonly positionUs: string;
}

/** Undefined where no journey was completed in this home. */
export function loadState(path: string): KeptState | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as KeptState) : undefined;
}

export function saveState(path: string, state: KeptState): void {
  writeFileSync(`${path}.new`, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
