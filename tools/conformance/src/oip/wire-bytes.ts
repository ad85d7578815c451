/** A length-delimited field. */
function field(number: number, payload: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(payload.length), payload]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

/** A string field. */
export function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

/** INPUT0 or INPUT1 of `simple` with every element of int_contents as a field of its own. */
export function unpacked(name: string, elements: readonly number[]): Buffer {
  const contents = Buffer.concat(elements.flatMap((element) => [varint((2 << 3) | 0), varint(element)]));
  const shape = Buffer.concat([1, 16].flatMap((size) => [varint((3 << 3) | 0), varint(size)]));
  return field(5, Buffer.concat([text(1, name), text(2, 'INT32'), shape, field(5, contents)]));
}

/** The message with a few bytes changed, cut out or doubled, the same for the same seed. */
export function mutated(message: Uint8Array, seed: number): Buffer {
  const next = pseudoRandom(seed);
  const bytes = [...message];
  for (let change = 0; change < 1 + (seed % 4); change++) {
    const at = next() % bytes.length;
    if (seed % 3 === 0) bytes.splice(at, next() % 8);
    else if (seed % 3 === 1) bytes[at] = next() % 256;
    else bytes.splice(at, 0, ...bytes.slice(at, at + (next() % 32)));
  }
  return Buffer.from(bytes);
}

function pseudoRandom(seed: number): () => number {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}
