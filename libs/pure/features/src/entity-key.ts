/** A join key or row key value. */
export type KeyValue = string | number | boolean;

/**
 * The canonical text of a composite key: a JSON array of its parts. Two keys have equal text iff their parts are
 * equal, so keys such as (1, 12) and (11, 2) never collide; the declared types keep 1 and "1" apart.
 */
export function composeKey(parts: readonly KeyValue[]): string {
  return JSON.stringify(parts);
}

/** The parts of {@link composeKey}'s text. */
export function keyParts(key: string): KeyValue[] {
  return JSON.parse(key) as KeyValue[];
}
