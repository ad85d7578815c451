import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ValueSchema, type Value } from '@plumbline/contract-common';
import type { Scalar } from '../domain/features.ts';

export function scalarOf(value: Value | undefined): Scalar {
  const kind = value?.kind;
  if (kind?.case === undefined) return null;
  return kind.case === 'timestampUs' ? { timestampUs: kind.value } : kind.value;
}

export function scalarsOf(values: Readonly<Record<string, Value>>): Record<string, Scalar> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, scalarOf(value)]));
}

export function valueOf(scalar: Scalar): Value {
  return create(ValueSchema, initOf(scalar));
}

export function valuesOf(scalars: Readonly<Record<string, Scalar>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(scalars).map(([name, scalar]) => [name, valueOf(scalar)]));
}

function initOf(scalar: Scalar): MessageInitShape<typeof ValueSchema> {
  if (scalar === null) return {};
  if (typeof scalar === 'object') return { kind: { case: 'timestampUs', value: scalar.timestampUs } };
  if (typeof scalar === 'bigint') return { kind: { case: 'int64Value', value: scalar } };
  if (typeof scalar === 'number') return { kind: { case: 'doubleValue', value: scalar } };
  if (typeof scalar === 'string') return { kind: { case: 'stringValue', value: scalar } };
  return { kind: { case: 'boolValue', value: scalar } };
}
