import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

/** A folder that is removed with what is in it, at the latest when the process ends, interrupted or not. */
export function temporaryFolder(purpose: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `plumbline-${purpose}-`));
  const removeFiles = (): void => rmSync(path, { recursive: true, force: true });
  process.once('exit', removeFiles);
  return {
    path,
    remove: () => {
      process.off('exit', removeFiles);
      removeFiles();
    },
  };
}
