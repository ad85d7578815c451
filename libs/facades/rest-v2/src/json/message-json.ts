import type { DescEnum, DescField, DescMessage, MessageShape } from '@bufbuild/protobuf';
import {
  isReflectList,
  isReflectMap,
  isReflectMessage,
  reflect,
  type ReflectMessage,
} from '@bufbuild/protobuf/reflect';
import { exactNumber } from './exact-number.ts';

/**
 * A message in the form of Triton's REST protocol, for JSON.stringify: fields by their proto names, 64-bit integers as
 * exact JSON numbers (protobuf's own JSON quotes them), enums by name, bytes in base64. Scalars and lists are there
 * even where they are zero or empty; messages and members of a oneof only where they are set.
 */
export function messageJson<D extends DescMessage>(schema: D, message: MessageShape<D>): object {
  return objectOf(reflect(schema, message));
}

function objectOf(message: ReflectMessage): object {
  const entries = message.fields
    .filter((field) => message.isSet(field) || isAlwaysThere(field))
    .map((field) => [field.name, fieldJson(field, message.get(field))]);
  return Object.fromEntries(entries) as object;
}

function isAlwaysThere({ fieldKind, oneof }: DescField): boolean {
  return fieldKind !== 'message' && oneof === undefined;
}

function fieldJson(field: DescField, value: unknown): unknown {
  if (isReflectList(value)) return Array.from(value, (item) => valueJson(item, field.enum));
  if (isReflectMap(value)) {
    return Object.fromEntries(Array.from(value, ([key, item]) => [String(key), valueJson(item, field.enum)]));
  }
  return valueJson(value, field.enum);
}

function valueJson(value: unknown, type: DescEnum | undefined): unknown {
  if (isReflectMessage(value)) return objectOf(value);
  if (type !== undefined) return type.value[value as number]?.name ?? value;
  if (typeof value === 'bigint') return exactNumber(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
