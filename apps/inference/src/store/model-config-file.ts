import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { isFieldError } from '@bufbuild/protobuf/reflect';
import { ModelConfigSchema, type ModelConfig as ConfigMessage } from '@plumbline/contract-oip';
import { parseText, TextError } from '@plumbline/textproto';
import { errors, shorten } from '../domain/errors.ts';
import { configFault, placed, type PlaceOf } from '../domain/settings/config-fault.ts';
import type { ModelConfig } from '../domain/settings/model-config.ts';
import { configOf } from './config-of-message.ts';
import { placeInText } from './config-place.ts';
import { foreignField, withoutIdleFields } from './foreign-fields.ts';

/** In the repository: text. */
export const CONFIG_FILE = 'config.pbtxt';
/** A caller's own, in its place: JSON. */
export const CONFIG_OVERRIDE_FILE = 'override.config.json';

const MAX_CONFIG_BYTES = 1_048_576;

/**
 * A configuration in text format. Fields that are not honoured here are refused by name.
 * @throws ServiceError MODEL_CONFIG_INVALID with line, column and field.
 */
export function parseConfigText(bytes: Uint8Array): ModelConfig {
  const text = decode(bytes, CONFIG_FILE);
  const given = new Set<string>();
  try {
    const message = parseText(ModelConfigSchema, text, (path) => given.add(path), foreignField);
    return configOf(message, given.has('max_batch_size'));
  } catch (error) {
    if (!(error instanceof TextError)) throw placed(error, placesIn(bytes));
    const { field, problem, message } = error;
    throw errors.MODEL_CONFIG_INVALID(shorten(`${CONFIG_FILE}:${message}`), {
      fieldViolations: [{ field, description: shorten(problem) }],
    });
  }
}

/** Where a configuration in text format, which can be parsed, gives its fields. Nothing is kept but the bytes. */
export function placesIn(bytes: Uint8Array): PlaceOf {
  return (field) => {
    const place = placeInText(decode(bytes, CONFIG_FILE), field);
    return place === undefined ? CONFIG_FILE : `${CONFIG_FILE}:${place}`;
  };
}

/** A configuration in JSON, otherwise as parseConfigText. */
export function parseConfigJson(bytes: Uint8Array): ModelConfig {
  const json = withoutIdleFields(ModelConfigSchema, readJson(decode(bytes, 'config')));
  const hasBatchSize =
    json !== null && typeof json === 'object' && ('max_batch_size' in json || 'maxBatchSize' in json);
  return configOf(messageOf(json), hasBatchSize);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw errors.MODEL_CONFIG_INVALID(shorten(`config: is no JSON: ${error.message}`), { cause: error });
  }
}

function messageOf(json: unknown): ConfigMessage {
  try {
    return fromJson(ModelConfigSchema, json as JsonValue);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (isFieldError(error.cause)) {
      const { name, parent } = error.cause.field();
      const problem = 'has a value of another kind or range than it takes';
      throw configFault(name, parent === undefined ? problem : `of ${parent.name} ${problem}`);
    }
    throw errors.MODEL_CONFIG_INVALID('config: is no JSON object of a ModelConfig', { cause: error });
  }
}

function decode(bytes: Uint8Array, name: string): string {
  if (bytes.length > MAX_CONFIG_BYTES) {
    throw errors.MODEL_CONFIG_INVALID(
      `${name} has ${bytes.length} bytes, at most ${MAX_CONFIG_BYTES} are read`,
    );
  }
  return new TextDecoder('utf-8').decode(bytes);
}
