import type { ModelSignature } from '../signature.ts';
import { configFault } from './config-fault.ts';
import type { ModelConfig } from './model-config.ts';

/** Of one output: half a million are more than any vocabulary has. */
const MAX_LABELS = 2 ** 19;

/**
 * Labels of classes by output: those of the file that the configuration names for it, else those that the model brings.
 * @param files contents of the label files by name.
 * @throws ServiceError MODEL_CONFIG_INVALID for a file that is not UTF-8, and for one of more than 524,288 lines.
 */
export function labelsOf(
  { outputs }: ModelConfig,
  model: ModelSignature,
  files: ReadonlyMap<string, Uint8Array>,
): Map<string, readonly string[]> {
  const own = model.outputs.flatMap(({ name, labels }) =>
    labels === undefined ? [] : [[name, labels] as const],
  );
  const named = outputs.flatMap(({ name, labelFilename: file }, index) =>
    file === '' ? [] : [[name, labelsIn(`output[${index}].label_filename`, file, files.get(file))] as const],
  );
  return new Map([...own, ...named]);
}

function labelsIn(field: string, file: string, bytes: Uint8Array | undefined): string[] {
  const labels = linesOf(textOf(field, file, bytes));
  if (labels.length <= MAX_LABELS) return labels;
  throw configFault(field, `"${file}" has ${labels.length} lines; it may have ${MAX_LABELS}`);
}

function textOf(field: string, file: string, bytes: Uint8Array | undefined): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw configFault(field, `"${file}" is not UTF-8`);
  }
}

function linesOf(text: string): string[] {
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}
