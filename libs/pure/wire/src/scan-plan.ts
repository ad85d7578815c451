import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { Wire } from './wire-type.ts';

/** What a scan must know of one field. */
export interface FieldPlan {
  readonly wireType: number;
  /** For embedded messages and map entries. A function, because message types may contain themselves. */
  readonly message?: () => ScanPlan;
  /** For repeated numbers, which may also arrive packed: bytes per element, or 0 for varints. */
  readonly packedSize?: 0 | 4 | 8;
}

/** Field number → plan. Fields that are not listed are unknown to the schema. */
export interface ScanPlan {
  readonly typeName: string;
  readonly fields: ReadonlyMap<number, FieldPlan>;
}

const plans = new WeakMap<DescMessage, ScanPlan>();

/** The plan that `countElements` follows for messages of this type. Compiled once per descriptor. */
export function scanPlan(schema: DescMessage): ScanPlan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const fields = new Map(schema.fields.map((field) => [field.number, fieldPlan(field)]));
  const plan: ScanPlan = { typeName: schema.typeName, fields };
  plans.set(schema, plan);
  return plan;
}

function fieldPlan(field: DescField): FieldPlan {
  switch (field.fieldKind) {
    case 'message':
      return messagePlan(field.message, field.delimitedEncoding);
    case 'map':
      return { wireType: Wire.LENGTH, message: () => entryPlan(field) };
    case 'enum':
      return { wireType: Wire.VARINT };
    case 'scalar':
      return { wireType: scalarWireType(field.scalar) };
    case 'list':
      return listPlan(field);
  }
}

function messagePlan(message: DescMessage, delimited: boolean): FieldPlan {
  return { wireType: delimited ? Wire.START_GROUP : Wire.LENGTH, message: () => scanPlan(message) };
}

function listPlan(field: DescField & { fieldKind: 'list' }): FieldPlan {
  if (field.listKind === 'message') return messagePlan(field.message, field.delimitedEncoding);
  const wireType = field.listKind === 'enum' ? Wire.VARINT : scalarWireType(field.scalar);
  if (wireType === Wire.LENGTH) return { wireType };
  return { wireType, packedSize: wireType === Wire.VARINT ? 0 : wireType === Wire.BIT32 ? 4 : 8 };
}

function entryPlan(field: DescField & { fieldKind: 'map' }): ScanPlan {
  const value: FieldPlan =
    field.mapKind === 'message'
      ? messagePlan(field.message, false)
      : { wireType: field.mapKind === 'enum' ? Wire.VARINT : scalarWireType(field.scalar) };
  return {
    typeName: `${field.parent.typeName}.${field.name} entry`,
    fields: new Map([
      [1, { wireType: scalarWireType(field.mapKey) }],
      [2, value],
    ]),
  };
}

function scalarWireType(scalar: ScalarType): number {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return Wire.LENGTH;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return Wire.BIT64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return Wire.BIT32;
    default:
      return Wire.VARINT;
  }
}
