import type { ModelSignature } from '../signature.ts';
import type { ModelConfig } from './model-config.ts';

/**
 * Labels of classes by output: those of the file that the configuration names for it, else those that the model brings.
 * @param files contents of the label files by name.
 */
export function labelsOf(
  { outputs }: ModelConfig,
  model: ModelSignature,
  files: ReadonlyMap<string, string>,
): Map<string, readonly string[]> {
  const own = model.outputs.flatMap(({ name, labels }) =>
    labels === undefined ? [] : [[name, labels] as const],
  );
  const named = outputs.flatMap(({ name, labelFilename }) =>
    labelFilename === '' ? [] : [[name, linesOf(files.get(labelFilename) ?? '')] as const],
  );
  return new Map([...own, ...named]);
}

function linesOf(text: string): string[] {
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}
