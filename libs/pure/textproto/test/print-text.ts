import { ScalarType, type DescField } from '@bufbuild/protobuf';
import type { ReflectMessage } from '@bufbuild/protobuf/reflect';

/** A message in the text format, one field after the other, every non-ASCII byte escaped. */
export function printText(message: ReflectMessage, separator = '\n'): string {
  return message.fields
    .filter((field) => message.isSet(field))
    .flatMap((field) => {
      if (field.fieldKind === 'list') {
        return [...message.get(field)].map((item) => `${field.name}${value(field, item, separator)}`);
      }
      if (field.fieldKind === 'map') {
        return [...message.get(field)].map(
          ([key, item]) =>
            `${field.name} { key: ${quoted(String(key))} value${value(field, item, separator)} }`,
        );
      }
      return [`${field.name}${value(field, message.get(field), separator)}`];
    })
    .map((line) => `${line}${separator}`)
    .join('');
}

function value(field: DescField, item: unknown, separator: string): string {
  if (field.message !== undefined) return ` { ${printText(item as ReflectMessage, separator)} }`;
  if (field.enum !== undefined) return `: ${field.enum.value[item as number]?.name}`;
  if (field.scalar === ScalarType.STRING) return `: ${quoted(item as string)}`;
  if (field.scalar === ScalarType.BYTES) return `: ${quoted(item as Uint8Array)}`;
  return `: ${Object.is(item, -0) ? '-0' : String(item).toLowerCase()}`;
}

function quoted(content: string | Uint8Array): string {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  const signs = [...bytes].map((byte) =>
    byte >= 32 && byte < 127 && byte !== 34 && byte !== 92
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, '0')}`,
  );
  return `"${signs.join('')}"`;
}
