import type { Signature } from '@plumbline/signature';
import { shapeFits } from '@plumbline/tensors';
import { errors } from '../errors.ts';
import type { ModelSettings } from '../settings/model-settings.ts';
import type { OpeningSettings } from '../settings/opening-settings.ts';
import { reshapingOf, type Reshaping } from '../settings/reshape.ts';
import { narrowInputs, settingsOfConfig } from '../settings/settings-of-config.ts';
import type { ModelSignature } from '../signature.ts';
import type { VersionContent } from './version-content.ts';

/** A model as the files of its version have it served. */
export interface FittedModel {
  readonly settings: ModelSettings;
  /** Of requests and answers. */
  readonly signature: ModelSignature;
  /** Whether the leading dimension counts rows. */
  readonly rowed: boolean;
  /** Puts a runner of the model behind that signature's shapes. */
  readonly wrap: Reshaping['wrap'];
}

/**
 * Holds what the files of a version say of its model against the model as it was opened.
 * @param maxBatchRows of a model whose configuration leaves it open.
 * @throws ServiceError SIGNATURE_MISMATCH or MODEL_CONFIG_INVALID.
 */
export function fitModel(
  model: ModelSignature,
  { config, named, signature: declared }: VersionContent,
  opening: OpeningSettings,
  maxBatchRows: number,
): FittedModel {
  if (declared !== undefined) checkSignature(model, declared);
  const settings = settingsOfConfig(config, model, { opening, maxBatchRows, labelFiles: named });
  const rowed = settings.maxBatchRows > 0;
  const { signature: outer, wrap } = reshapingOf(config, model, rowed);
  return { settings, signature: narrowInputs(outer, config, rowed), rowed, wrap };
}

function checkSignature(model: ModelSignature, declared: Signature): void {
  for (const side of ['inputs', 'outputs'] as const) {
    for (const tensor of declared[side]) {
      const own = model[side].find(({ name }) => name === tensor.name);
      if (own?.datatype !== tensor.datatype || !shapeFits(own.shape, tensor.shape)) {
        throw errors.SIGNATURE_MISMATCH(
          `the model has no ${side} "${tensor.name}" as signature.json declares it`,
        );
      }
    }
  }
  const undeclared = model.inputs.find(({ name }) => !declared.inputs.some((input) => input.name === name));
  if (undeclared !== undefined) {
    throw errors.SIGNATURE_MISMATCH(`signature.json does not declare the input "${undeclared.name}"`);
  }
}
