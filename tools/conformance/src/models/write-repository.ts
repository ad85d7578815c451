import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SuiteModel, SuiteTensor } from './suite-model.ts';

/** Writes the models as a repository in Triton's layout: `<model>/config.pbtxt`, `<model>/<version>/model.onnx`. */
export function writeRepository(directory: string, models: readonly SuiteModel[]): void {
  for (const model of models) writeModel(join(directory, model.name), model);
}

function writeModel(folder: string, model: SuiteModel): void {
  model.versions.forEach((bytes, index) => {
    mkdirSync(join(folder, String(index + 1)), { recursive: true });
    writeFileSync(join(folder, String(index + 1), 'model.onnx'), bytes);
  });
  for (const { name, labels } of model.outputs) {
    if (labels !== undefined) writeFileSync(join(folder, labelsOf(name)), `${labels.join('\n')}\n`);
  }
  writeFileSync(join(folder, 'config.pbtxt'), configText(model));
}

/** The model's config.pbtxt. */
export function configText(model: SuiteModel): string {
  const lines = [
    `name: "${model.name}"`,
    'platform: "onnxruntime_onnx"',
    `max_batch_size: ${model.maxBatchSize}`,
    `input [ ${model.inputs.map(tensorText).join(', ')} ]`,
    `output [ ${model.outputs.map(tensorText).join(', ')} ]`,
    ...(model.settings ?? []),
  ];
  return `${lines.join('\n')}\n`;
}

function tensorText({ name, datatype, dims, labels, format }: SuiteTensor): string {
  const type = datatype === 'BYTES' ? 'STRING' : datatype;
  const label = labels === undefined ? '' : ` label_filename: "${labelsOf(name)}"`;
  const order = format === undefined ? '' : ` format: FORMAT_${format}`;
  return `{ name: "${name}" data_type: TYPE_${type}${order} dims: [ ${dims.join(', ')} ]${label} }`;
}

const labelsOf = (output: string): string => `${output}_labels.txt`;
