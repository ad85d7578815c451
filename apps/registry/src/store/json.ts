import {
  create,
  fromJson,
  toJson,
  type DescMessage,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';

/** A message as protobuf JSON text for a jsonb parameter: NaN, infinities and 64-bit integers survive. */
export function jsonOf<S extends DescMessage>(schema: S, message: MessageInitShape<S>): string {
  return JSON.stringify(toJson(schema, create(schema, message)));
}

/** What a jsonb column holds. Fields of a newer release are ignored. */
export function messageOf<S extends DescMessage>(schema: S, json: JsonValue): MessageShape<S> {
  return fromJson(schema, json, { ignoreUnknownFields: true });
}
