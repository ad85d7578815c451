import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ValueType as MessageType,
  type Value as ValueMessage,
  type ValueSchema,
} from '@plumbline/contract-common';
import type { Value, ValueType } from '@plumbline/expressions';
import type { TypedValue } from '../domain/ingest-rows.ts';

type ValueInit = MessageInitShape<typeof ValueSchema>;

const TYPES: Readonly<Record<ValueType, MessageType>> = {
  BOOL: MessageType.BOOL,
  INT64: MessageType.INT64,
  DOUBLE: MessageType.DOUBLE,
  STRING: MessageType.STRING,
  TIMESTAMP: MessageType.TIMESTAMP,
};
const NAMES = new Map(Object.entries(TYPES).map(([name, type]) => [type, name as ValueType]));

/** The declared type of a message; undefined where none is declared. */
export function typeFromMessage(type: MessageType): ValueType | undefined {
  return NAMES.get(type);
}

export function typeToMessage(type: ValueType): MessageType {
  return TYPES[type];
}

/** A value as it was sent, with its type. Whole numbers beyond 2^53 stay unsafe integers, which checks refuse. */
export function valueFromMessage({ kind }: ValueMessage): TypedValue {
  switch (kind.case) {
    case 'int64Value':
      return { type: 'INT64', value: Number(kind.value) };
    case 'timestampUs':
      return { type: 'TIMESTAMP', value: Number(kind.value) };
    case 'doubleValue':
      return { type: 'DOUBLE', value: kind.value };
    case 'stringValue':
      return { type: 'STRING', value: kind.value };
    case 'boolValue':
      return { type: 'BOOL', value: kind.value };
    case undefined:
      return null;
  }
}

/** A value on its way out; NULL is a message without a kind. */
export function valueToMessage(type: ValueType, value: Value): ValueInit {
  if (value === null) return {};
  switch (type) {
    case 'INT64':
      return { kind: { case: 'int64Value', value: BigInt(value) } };
    case 'TIMESTAMP':
      return { kind: { case: 'timestampUs', value: BigInt(value) } };
    case 'DOUBLE':
      return { kind: { case: 'doubleValue', value: value as number } };
    case 'STRING':
      return { kind: { case: 'stringValue', value: value as string } };
    case 'BOOL':
      return { kind: { case: 'boolValue', value: value as boolean } };
  }
}
