import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { unknownField } from '@plumbline/textproto';
import { configFault } from '../domain/settings/config-fault.ts';
import { shorten } from '../domain/errors.ts';

/** What Triton's messages have and ours do not, by message. */
const NOT_OFFERED: Readonly<Record<string, readonly string[]>> = {
  ModelConfig: [
    'runtime',
    'batch_input',
    'batch_output',
    'optimization',
    'sequence_batching',
    'ensemble_scheduling',
    'cc_model_filenames',
    'metric_tags',
    'model_operations',
    'model_repository_agents',
    'model_metrics',
  ],
  ModelInput: ['is_non_linear_format_io'],
  ModelOutput: ['is_non_linear_format_io'],
  ModelInstanceGroup: ['rate_limiter', 'secondary_devices', 'profile', 'passive', 'host_policy'],
};

/** What is wrong with a field that a message does not have: it is one of Triton's that is not offered, or nobody's. */
export function foreignField(schema: DescMessage, name: string): string {
  return NOT_OFFERED[schema.name]?.includes(name) === true
    ? `is a field of Triton's that this server does not offer; its README says what to do without it`
    : unknownField(schema, name);
}

/**
 * JSON of a message without the fields of Triton's that are not offered and ask for nothing, as a Triton server writes
 * them: empty, false or 0.
 * @throws ServiceError MODEL_CONFIG_INVALID naming a field that the message does not have.
 */
export function withoutIdleFields(schema: DescMessage, json: unknown, path = ''): unknown {
  if (!isObject(json)) return json;
  const kept: [string, unknown][] = [];
  for (const [name, value] of Object.entries(json)) {
    const own = path === '' ? name : `${path}.${name}`;
    const field = schema.fields.find((one) => one.name === name || one.jsonName === name);
    if (field !== undefined) kept.push([name, idleFreeValue(field, value, own)]);
    else if (NOT_OFFERED[schema.name]?.includes(name) !== true || !isIdle(value)) {
      throw configFault(shorten(own), shorten(foreignField(schema, name)));
    }
  }
  return Object.fromEntries(kept);
}

function idleFreeValue(field: DescField, value: unknown, path: string): unknown {
  const { message } = field;
  if (message === undefined) return value;
  if (field.fieldKind === 'list' && Array.isArray(value)) {
    return value.map((item, index) => withoutIdleFields(message, item, `${path}[${index}]`));
  }
  if (field.fieldKind === 'map' && isObject(value)) {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, withoutIdleFields(message, item, `${path}["${key}"]`)]),
    );
  }
  return withoutIdleFields(message, value, path);
}

function isIdle(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) return Object.keys(value).length === 0;
  return value === null || value === '' || value === false || value === 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
