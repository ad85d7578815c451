import { formatShape } from '@plumbline/tensors';
import { hasRows, type ModelSignature, type TensorSpec } from '../signature.ts';
import { checkTensors } from './check-tensors.ts';
import { configFault } from './config-fault.ts';
import { labelsOf } from './labels.ts';
import type { ModelConfig, TensorConfig } from './model-config.ts';
import type { InvariancePolicy, ModelSettings } from './model-settings.ts';
import type { OpeningSettings } from './opening-settings.ts';
import { queueOfConfig } from './queue-of-config.ts';

const MAX_BATCH_ROWS = 65_536;

/** What settings follow from besides the configuration and the model. */
export interface SettingsGiven {
  readonly opening: OpeningSettings;
  /** Of a model whose configuration leaves it open. */
  readonly maxBatchRows: number;
  /** Contents of the label files by name. */
  readonly labelFiles: ReadonlyMap<string, Uint8Array>;
}

/**
 * How a model is served, completed from the model itself.
 * @throws ServiceError MODEL_CONFIG_INVALID naming the field that contradicts the model.
 */
export function settingsOfConfig(
  config: ModelConfig,
  model: ModelSignature,
  { opening, maxBatchRows: fallback, labelFiles }: SettingsGiven,
): ModelSettings {
  const maxBatchRows = maxBatchRowsOf(config, model, fallback);
  checkTensors(config, model, maxBatchRows > 0);
  return {
    ...opening,
    maxBatchRows,
    queue: queueOfConfig(config.dynamicBatching, maxBatchRows),
    invariance: invarianceOf(config, maxBatchRows),
    cached: config.cached,
    labels: labelsOf(config, model, labelFiles),
    config,
  };
}

/** The model's inputs as narrowed by the configuration: a size that the model leaves open may be fixed there. */
export function narrowInputs(model: ModelSignature, config: ModelConfig, rowed: boolean): ModelSignature {
  const inputs = model.inputs.map((spec) => {
    const declared = config.inputs.find(({ name }) => name === spec.name);
    return declared === undefined ? spec : { ...spec, shape: rowed ? [-1, ...declared.dims] : declared.dims };
  });
  return { ...model, inputs };
}

/** Who asks for dynamic batching gets it, whatever the test of invariance finds. */
function invarianceOf({ parameters, dynamicBatching }: ModelConfig, maxBatchRows: number): InvariancePolicy {
  const fallback = dynamicBatching === undefined ? 'alone' : 'serve';
  const text = parameters.get('plumbline.invariance') ?? fallback;
  if (text === 'alone' || text === 'serve' || text === 'refuse') return { kind: text };
  const [, digits] = /^pin:(\d{1,5})$/.exec(text) ?? [];
  const rows = Number(digits ?? 0);
  if (rows >= 1 && rows <= maxBatchRows) return { kind: 'pin', rows };
  throw configFault(
    'parameters["plumbline.invariance"]',
    `is "${text}", not alone, serve, refuse or pin:<rows> with at most ${maxBatchRows} rows`,
  );
}

function maxBatchRowsOf(config: ModelConfig, model: ModelSignature, fallback: number): number {
  const { maxBatchSize: given } = config;
  if (given !== undefined && (given < 0 || given > MAX_BATCH_ROWS)) {
    throw configFault('max_batch_size', `is ${given}, not a number from 0 to ${MAX_BATCH_ROWS}`);
  }
  if (!hasRows(model)) {
    if (given === undefined || given === 0) return 0;
    const fixed = [...model.inputs, ...model.outputs].find(({ shape }) => shape[0] !== -1);
    throw configFault(
      'max_batch_size',
      `is ${given}, but "${fixed?.name}" of the model has the shape ${formatShape(fixed?.shape ?? [])}`,
    );
  }
  if (given !== undefined) return given;
  return declaresFullShapes(config, model) ? 0 : fallback;
}

/** Where max_batch_size is not given, dims of the model's own rank say that the first is no batch dimension. */
function declaresFullShapes({ inputs, outputs }: ModelConfig, model: ModelSignature): boolean {
  const full = (declared: readonly TensorConfig[], own: readonly TensorSpec[]) =>
    declared.some((tensor) => {
      const { length } = tensor.reshape ?? tensor.dims;
      return own.find(({ name }) => name === tensor.name)?.shape.length === length;
    });
  return full(inputs, model.inputs) || full(outputs, model.outputs);
}
